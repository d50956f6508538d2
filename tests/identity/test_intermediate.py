"""Authorities that somebody else certifies: what is asked for, and which chains are taken."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.intermediate import chain_problem, new_signing_request, split_authorities
from heddle.identity.keys import load_certificate
from tests.identity.offline import OfflineRoot

ROOT = OfflineRoot()
AUTHORITY = ROOT.authority("ca.one", "one")
CERTIFICATE = AUTHORITY.certificate.decode()


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_chain_up_to_a_root_of_another_kind_is_taken(kind: str) -> None:
    """Offline roots are often RSA, and name no key usages."""
    root = OfflineRoot(kind=kind)
    assert (
        chain_problem([root.authority("ca.one", "one", path_length=0).certificate.decode(), root.pem]) == ""
    )


def test_a_root_of_ones_own_is_a_chain_of_one() -> None:
    assert chain_problem([new_authority(common_name="ca", organization="one").certificate.decode()]) == ""


def _leaf() -> str:
    request = CertificateRequest(common_name="leaf", usage=Usage.IDENTITY)
    return issue(AUTHORITY, request).certificate.decode()


def _below(path_length: int) -> list[str]:
    """A chain with two authorities below the root, of which the upper one allows so many beneath it."""
    upper = OfflineRoot(name="upper", kind="ecdsa")
    lower = upper.authority("lower", "one").certificate.decode()
    return [lower, ROOT.certify(upper.request, path_length=path_length), ROOT.pem]


def test_a_longer_chain_is_taken_as_far_as_its_authorities_allow() -> None:
    assert chain_problem(_below(1)) == ""
    assert chain_problem(_below(0)) == (
        "the certificate of CN=upper: it allows 0 authorities beneath it, and here are 1"
    )


SHORT = OfflineRoot(end=datetime.now(UTC) + timedelta(days=30))


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ([], "no certificate in it"),
        (["nonsense"], "a certificate cannot be read: expected one as PEM, found 8 bytes that are no PEM"),
        ([CERTIFICATE], "is the last one and no root: its issuer is missing"),
        ([ROOT.pem, CERTIFICATE], "the first one's key is not ECDSA on P-256"),
        (
            [CERTIFICATE, OfflineRoot().pem],
            "was not issued by the one after it, the certificate of CN=offline root",
        ),
        ([_leaf(), CERTIFICATE, ROOT.pem], "the certificate of CN=leaf: it may not issue certificates"),
        ([SHORT.authority("ca", "one").certificate.decode(), SHORT.pem], "ends after its issuer, on "),
    ],
)
def test_what_fabric_would_not_verify_is_refused(chain: list[str], words: str) -> None:
    assert words in chain_problem(chain)


def test_roots_are_told_from_what_stands_below_them() -> None:
    """An MSP has folders for each; a bundle has both."""
    assert split_authorities(CERTIFICATE + ROOT.pem) == ([ROOT.pem], [CERTIFICATE])
    assert split_authorities("what an old output has") == (["what an old output has"], [])


def test_openssl_certifies_a_request(tmp_path: Path) -> None:
    """With the command of the page, and what it issues is taken."""
    made = new_signing_request(common_name="ca.one", organization="one")
    (tmp_path / "ca.csr").write_bytes(made.request)
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout root-key.pem -out root.pem -days 7300 -subj /CN=root",
        "x509 -req -in ca.csr -CA root.pem -CAkey root-key.pem -days 3650 -copy_extensions copy -out ca.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    chain = [(tmp_path / name).read_text() for name in ("ca.pem", "root.pem")]
    assert chain_problem(chain) == ""
    assert load_certificate(chain[0].encode()).subject.rfc4514_string() == "CN=ca.one,O=one"
