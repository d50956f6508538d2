"""Small networks for tests: organizations with everybody who can sign, and a channel of theirs."""

from dataclasses import dataclass, replace
from functools import cache

from heddle.configtx.settings import (
    BFT,
    ChannelSettings,
    Consenter,
    OrdererOrganization,
    PeerOrganization,
)
from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer


@dataclass(frozen=True, kw_only=True)
class Organization:
    name: str
    authority: Authority
    tls: Authority

    @property
    def msp(self) -> Msp:
        return Msp(
            msp_id=f"{self.name.capitalize()}MSP",
            root_certificates=(self.authority.certificate,),
            tls_root_certificates=(self.tls.certificate,),
        )

    @cache  # noqa: B019 - a handful of organizations live as long as the tests
    def signer(self, role: str, name: str = "") -> Signer:
        request = CertificateRequest(
            common_name=name or role, organizational_units=(role,), usage=Usage.IDENTITY
        )
        issued = issue(self.authority, request)
        return Signer(msp_id=self.msp.msp_id, certificate=issued.certificate, private_key=issued.private_key)

    @cache  # noqa: B019 - as above
    def server(self, host: str) -> Issued:
        request = CertificateRequest(common_name=host, hosts=(host, "127.0.0.1"), usage=Usage.TLS)
        return issue(self.tls, request)

    def consenter(self, host: str, port: int = 7050) -> Consenter:
        certificate = self.server(host).certificate
        return Consenter(
            host=host, port=port, client_tls_certificate=certificate, server_tls_certificate=certificate
        )

    def bft_consenter(self, number: int, host: str, port: int = 7050) -> Consenter:
        return replace(
            self.consenter(host, port),
            id=number,
            msp_id=self.msp.msp_id,
            identity=self.signer("orderer", host).certificate,
        )


@cache
def organization(name: str) -> Organization:
    """An organization with its two authorities; the same one for the same name."""
    return Organization(
        name=name,
        authority=new_authority(common_name=f"ca.{name}", organization=name),
        tls=new_authority(common_name=f"tlsca.{name}", organization=name),
    )


def orderer_organization(name: str, *endpoints: str) -> OrdererOrganization:
    return OrdererOrganization(name=name, msp=organization(name).msp, endpoints=endpoints)


def peer_organization(name: str, *anchors: str) -> PeerOrganization:
    return PeerOrganization(name=name, msp=organization(name).msp, anchor_peers=anchors)


def trade(consenters: int = 3) -> ChannelSettings:
    """Channel `trade`: orderers of `orderer`, peers of `alpha` and `beta`."""
    hosts = [f"orderer{n}.example" for n in range(consenters)]
    return ChannelSettings(
        channel="trade",
        orderer_organizations=(orderer_organization("orderer", *(f"{host}:7050" for host in hosts)),),
        peer_organizations=(peer_organization("alpha", "peer0.alpha:7051"), peer_organization("beta")),
        consenters=tuple(organization("orderer").consenter(host) for host in hosts),
    )


def bft_trade(consenters: int = 4) -> ChannelSettings:
    """Channel `trade` with BFT: the same organizations, consenters with numbers from 1 and identities."""
    owner = organization("orderer")
    return replace(
        trade(consenters),
        consensus=BFT,
        consenters=tuple(
            owner.bft_consenter(number + 1, f"orderer{number}.example") for number in range(consenters)
        ),
    )
