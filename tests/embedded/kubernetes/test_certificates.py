"""Every certificate verifies against its authority and says whom it is for."""

import datetime as dt
import stat
from ipaddress import IPv4Network

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.certificates import CLIENTS, subjects, write_certificates
from heddle.embedded.kubernetes.kubeconfigs import write_kubeconfigs
from heddle.embedded.kubernetes.layout import Layout

BLOCK = Block(network=IPv4Network("10.208.16.0/20"))


@pytest.fixture
def written(layout: Layout) -> Layout:
    layout.folder.mkdir()
    write_certificates(layout, BLOCK)
    write_kubeconfigs(layout, BLOCK)
    return layout


def load(layout: Layout, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((layout.certificates / f"{name}.crt").read_bytes())


def test_every_server_is_verified_for_every_address_it_answers_on(written: Layout) -> None:
    """Strict path validation (RFC 5280) accepts each server certificate for each of its names."""
    for name, subject in subjects(written, BLOCK).items():
        store = Store([load(written, subject.authority)])
        for host in subject.hosts:
            wanted = x509.DNSName(host) if isinstance(host, str) else x509.IPAddress(host)
            builder = PolicyBuilder().store(store).time(dt.datetime.now(dt.UTC))
            builder.build_server_verifier(wanted).verify(load(written, name), [])


def test_every_client_is_verified_by_its_authority_only(written: Layout) -> None:
    """What etcd's authority signed is nobody to the API server, and the reverse."""
    authorities = {subject.authority for subject in subjects(written, BLOCK).values()}
    for name, subject in subjects(written, BLOCK).items():
        for authority in authorities:
            issuer = load(written, authority)
            if authority == subject.authority:
                load(written, name).verify_directly_issued_by(issuer)
            else:
                with pytest.raises(ValueError, match=r"[Ii]ssuer"):
                    load(written, name).verify_directly_issued_by(issuer)


def test_the_kubelet_is_the_node_that_the_node_authorizer_knows(written: Layout) -> None:
    """User system:node:NAME in group system:nodes."""
    subject = load(written, "kubelet").subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "system:node:one"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:nodes"


def test_a_second_time_changes_nothing(written: Layout) -> None:
    """Keys in use are not replaced under their users."""
    before = {path: path.read_bytes() for path in written.certificates.iterdir()}
    write_certificates(written, BLOCK)
    write_kubeconfigs(written, BLOCK)
    assert before == {path: path.read_bytes() for path in written.certificates.iterdir()}


def test_keys_and_kubeconfigs_are_their_owners_only(written: Layout) -> None:
    """Mode 0600, and the folder is closed."""
    private = [p for p in written.certificates.iterdir() if p.suffix in (".key", ".kubeconfig")]
    assert len(private) == len(subjects(written, BLOCK)) + 3 + 1 + len(CLIENTS) - 1
    for path in [*private, written.kubeconfig]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(written.certificates.stat().st_mode) == 0o700


def test_the_kubeconfig_is_whole(written: Layout) -> None:
    """It can be copied elsewhere: certificates are inside, and the context bears the cluster's name."""
    config = yaml.safe_load(written.kubeconfig.read_text())
    assert config["current-context"] == written.mark
    assert config["clusters"][0]["cluster"]["server"] == "https://10.208.16.2:6443"
    assert set(config["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}
