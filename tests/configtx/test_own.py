"""Whose a consenter is, told by the authority of its certificate: Raft writes no owner on the ledger."""

from heddle.configtx.own import own_consenters
from heddle.configtx.settings import ChannelSettings, Consenter, OrdererOrganization
from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.msp import Msp

OURS, NEWER, THEIRS = (new_authority(common_name=name, organization="o") for name in ("a", "b", "c"))


def _consenter(host: str, authority: Authority) -> Consenter:
    pem = issue(authority, CertificateRequest(common_name=host, hosts=(host,), usage=Usage.TLS)).certificate
    return Consenter(host=host, port=7050, client_tls_certificate=pem, server_tls_certificate=pem)


def _settings(organizations: dict[str, Authority], *consenters: Consenter) -> ChannelSettings:
    return ChannelSettings(
        channel="channel",
        orderer_organizations=tuple(
            OrdererOrganization(
                name=msp_id,
                msp=Msp(
                    msp_id=msp_id,
                    root_certificates=(authority.certificate,),
                    tls_root_certificates=(authority.certificate,),
                ),
                endpoints=("orderer0:7050",),
            )
            for msp_id, authority in organizations.items()
        ),
        peer_organizations=(),
        consenters=consenters,
    )


def test_the_authority_tells_whose_a_consenter_is() -> None:
    """Of the organizations that are named, at any of the moments, and no others."""
    before = _settings({"Ours": OURS, "Theirs": THEIRS}, _consenter("a", OURS), _consenter("b", THEIRS))
    after = _settings({"Ours": NEWER, "Theirs": THEIRS}, _consenter("c", NEWER))

    assert own_consenters({"Ours"}, before, after) == {"a:7050", "c:7050"}
    assert own_consenters({"Ours"}, before) == {"a:7050"}
    assert own_consenters({"Nobody"}, before, after) == frozenset()


def test_what_cannot_be_read_is_nobodys() -> None:
    """It stays as others' changes do."""
    strange = Consenter(
        host="d",
        port=7050,
        client_tls_certificate=b"no certificate",
        server_tls_certificate=b"no certificate",
    )

    assert own_consenters({"Ours"}, _settings({"Ours": OURS}, strange)) == frozenset()
