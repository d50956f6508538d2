"""Make an organization's authorities: one generation, or two while they are exchanged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.addresses import node_address
from components.site import Site
from heddle.resources import (
    AuthorityExchange,
    AuthorityExchangeArgs,
    AuthorityPair,
    CertificateAuthority,
    CertificateAuthorityArgs,
    Node,
)
from heddle.topology import OrganizationPlan

_COMMON_NAME = 64
"""Characters of a common name at most (X.509's ub-common-name)."""

Roots = pulumi.Output[Sequence[str]]
"""Certificates of authorities that are trusted, PEM."""


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """An authority that issues certificates: all that a Certificate has to know of it."""

    certificate: pulumi.Input[str]
    private_key: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A generation: the authority of members' identities, and that of TLS certificates."""

    ca: CertificateAuthority
    tls_ca: CertificateAuthority


@dataclass(frozen=True, kw_only=True)
class AuthoritiesArgs:
    """Whose authorities, and who tells what is presented and accepted, for an exchange."""

    site: Site
    plan: OrganizationPlan
    orderers: Sequence[Node] | None = None
    """The orderers of its channels; None: it orders itself."""


class Authorities:
    """What an organization's certificates are issued by and verified against.

    Two roots per generation, because Fabric verifies members against one and connections against the other.
    Their keys stay in the state and never enter the cluster. Only the generation that issues is protected:
    what issues nothing may go.
    """

    pairs: Mapping[int, Pair]
    """Every generation that is trusted, the oldest first."""
    roots: Roots
    """Roots of its members' identities that are trusted, PEM."""
    tls_roots: Roots
    """Roots of its TLS certificates that are trusted, PEM."""
    bridges: pulumi.Output[Sequence[str]] | None
    """What servers present beneath their TLS certificates, PEM; None where no exchange is known."""

    def __init__(self, name: str, args: AuthoritiesArgs, parent: pulumi.Resource) -> None:
        self._name, self._args, self._parent = name, args, parent
        wanted = args.site.spec.certificates.authorities.get(args.plan.name)
        self._issuing = wanted.issuing if wanted else 1
        numbers = wanted.trusted if wanted else (1,)
        self.pairs = {number: self._pair(number) for number in numbers}
        first = self.pairs[self._issuing]
        self._issuers = {"identity": _issuer(first.ca), "tls": _issuer(first.tls_ca)}
        self.roots, self.tls_roots = _listed(first.ca.certificate), _listed(first.tls_ca.certificate)
        self.bridges = None
        if wanted:
            self._exchange()

    @property
    def count(self) -> int:
        """Return how many roots of each kind are trusted."""
        return len(self.pairs)

    def issuer(self, usage: str) -> Issuer:
        """Return the authority that issues certificates of a usage, `identity` or `tls`."""
        return self._issuers[usage]

    def root_list(self) -> list[pulumi.Output[str]]:
        """Return the roots of members' identities one by one, as files of a folder have them."""
        return self._each(self.roots)

    def tls_root_list(self) -> list[pulumi.Output[str]]:
        """Return the roots of TLS certificates one by one."""
        return self._each(self.tls_roots)

    def presented(self, certificate: pulumi.Output[str]) -> pulumi.Output[str]:
        """Return what a server presents: its TLS certificate, and the bridges beneath it."""
        if self.bridges is None:
            return certificate
        both = pulumi.Output.all(certificate, self.bridges)
        return both.apply(lambda given: "".join([given[0], *given[1]]))

    def bundle(self, roots: Roots) -> pulumi.Output[str]:
        """Return roots as one text, that of the generation that issues first."""
        newest_first = self._issuing == max(self.pairs)

        def joined(each: Sequence[str]) -> str:
            return "".join(reversed(each) if newest_first else each)

        return roots.apply(joined)

    def _each(self, roots: Roots) -> list[pulumi.Output[str]]:
        return [roots.apply(lambda each, index=index: each[index]) for index in range(self.count)]  # type: ignore[misc]

    def _pair(self, number: int) -> Pair:
        return Pair(ca=self._authority("ca", "CA", number), tls_ca=self._authority("tlsca", "TLS CA", number))

    def _authority(self, suffix: str, kind: str, number: int) -> CertificateAuthority:
        args, generation = self._args, "" if number == 1 else f" {number}"
        # An MSP id may be longer than X.509 lets a common name be; the subject's organization stays unique.
        msp_id = args.plan.msp_id[: _COMMON_NAME - len(kind) - len(generation) - 1]
        protect = args.site.protect and not args.plan.leaving and number == self._issuing
        return CertificateAuthority(
            f"{self._name}-{suffix}{f'-{number}' if generation else ''}",
            CertificateAuthorityArgs(common_name=f"{msp_id} {kind}{generation}", organization=args.plan.name),
            pulumi.ResourceOptions(parent=self._parent, protect=protect),
        )

    def _exchange(self) -> None:
        """Let what is issued and trusted wait for the proof that nobody is shut out by it."""
        args = self._args
        tls_roots = [pair.tls_ca.certificate for pair in self.pairs.values()]
        own = [node_address(node, tls_roots) for node in args.plan.nodes]
        topology = args.site.topology
        orders = args.orderers is None
        exchange = AuthorityExchange(
            f"{self._name}-authorities",
            AuthorityExchangeArgs(
                organization=args.plan.name,
                msp_id=args.plan.msp_id,
                kind="orderer" if orders else "peer",
                generations=[_generation(number, pair) for number, pair in self.pairs.items()],
                issuing=self._issuing,
                nodes=own,
                orderers=own if args.orderers is None else args.orderers,
                channels=[each.name for each in topology.channels]
                if orders
                else topology.channels_of(args.plan.name),
            ),
            pulumi.ResourceOptions(parent=self._parent),
        )
        self._issuers = {
            "identity": Issuer(certificate=exchange.certificate, private_key=exchange.private_key),
            "tls": Issuer(certificate=exchange.tls_certificate, private_key=exchange.tls_private_key),
        }
        self.roots, self.tls_roots = exchange.root_certificates, exchange.tls_root_certificates
        self.bridges = exchange.bridges


def _listed(certificate: pulumi.Output[str]) -> pulumi.Output[Sequence[str]]:
    return certificate.apply(lambda each: [each])


def _issuer(authority: CertificateAuthority) -> Issuer:
    return Issuer(certificate=authority.certificate, private_key=authority.private_key)


def _generation(number: int, pair: Pair) -> AuthorityPair:
    return {
        "generation": number,
        "certificate": pair.ca.certificate,
        "privateKey": pair.ca.private_key,
        "tlsCertificate": pair.tls_ca.certificate,
        "tlsPrivateKey": pair.tls_ca.private_key,
    }
