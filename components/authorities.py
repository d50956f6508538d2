"""Make an organization's authorities: one generation, or two while they are exchanged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

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
from heddle.resources import FabricCa as FabricCaArgs
from heddle.spec import FabricCa, FabricCaAuthority, GivenAuthority
from heddle.topology import OrganizationPlan, authority_name

Certificates = pulumi.Output[Sequence[str]]
"""Certificates of authorities, PEM."""


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """Hold the authorities that are trusted: roots, and what others have certified below them."""

    roots: Certificates
    root_count: int
    """How many roots there are: the program has to know it before their certificates."""
    intermediates: Certificates | None = None
    """None where every authority is a root."""
    intermediate_count: int = 0

    @property
    def every(self) -> Certificates:
        """Return the roots and the intermediates: where nothing tells them apart, both help."""
        if self.intermediates is None:
            return self.roots
        return pulumi.Output.all(self.roots, self.intermediates).apply(lambda each: [*each[0], *each[1]])

    def root_list(self) -> list[pulumi.Output[str]]:
        """Return the roots one by one, as files of a folder have them."""
        return _each(self.roots, self.root_count)

    def intermediate_list(self) -> list[pulumi.Output[str]]:
        """Return the intermediates one by one."""
        return [] if self.intermediates is None else _each(self.intermediates, self.intermediate_count)


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Hold all that a Certificate has to know of the authority that issues it."""

    certificate: pulumi.Input[str]
    private_key: pulumi.Input[str] | None = None
    fabric_ca: FabricCaArgs | None = None
    """The Fabric CA that has its key."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Hold a generation: the authority of members' identities, and that of TLS certificates."""

    ca: CertificateAuthority
    tls_ca: CertificateAuthority
    issuers: Sequence[str] = ()
    """The issuers of the authority of identities, PEM, the root last; none: it is a root."""
    tls_issuers: Sequence[str] = ()
    """Those of the authority of TLS certificates."""


@dataclass(frozen=True, kw_only=True)
class AuthoritiesArgs:
    """Name the organization, and the orderers that tell what is presented and accepted, for an exchange."""

    site: Site
    plan: OrganizationPlan
    orderers: Sequence[Node] | None = None
    """The orderers of its channels; None: it orders itself."""


class Authorities:
    """Make what an organization's certificates are issued by and verified against.

    Two roots per generation, because Fabric verifies members against one and connections against the other.
    Their keys stay in the state and never enter the cluster. Only the generation that issues is protected:
    what issues nothing may go.
    """

    pairs: Mapping[int, Pair]
    """Every generation that is trusted, the oldest first."""
    identities: Trusted
    """What its members' identities are verified against."""
    tls: Trusted
    """What its TLS certificates are verified against."""
    bridges: pulumi.Output[Sequence[str]] | None
    """What servers present beneath their TLS certificates, PEM; None where no exchange is known."""

    def __init__(self, name: str, args: AuthoritiesArgs, parent: pulumi.Resource) -> None:
        self._name, self._args, self._parent = name, args, parent
        self._wanted = args.site.spec.certificates.authorities.get(args.plan.name)
        if self._wanted and self._wanted.fabric_ca:
            self._outside(self._wanted.fabric_ca)
            return
        self._issuing = self._wanted.issuing if self._wanted else 1
        numbers = self._wanted.trusted if self._wanted else (1,)
        self.pairs = {number: self._pair(number) for number in numbers}
        first = self.pairs[self._issuing]
        self._issuers = {"identity": _issuer(first.ca), "tls": _issuer(first.tls_ca)}
        self.identities, self.tls = _root(first.ca.certificate), _root(first.tls_ca.certificate)
        self.bridges, self._tls_issuers = None, first.tls_issuers
        if self._wanted:
            self._exchange()

    def _outside(self, ca: FabricCa) -> None:
        """Take the authorities of a Fabric CA: no key of theirs is here, so they are exchanged there."""
        self.pairs = {}
        self._issuers = {"identity": _fabric_issuer(ca, ca.ca), "tls": _fabric_issuer(ca, ca.tls_ca)}
        self.identities, self.tls = _known(ca.ca.chain), _known(ca.tls_ca.chain)
        self._tls_issuers = ca.tls_ca.chain[1:]
        self.bridges = pulumi.Output.from_input(list(ca.tls_ca.chain[:-1]))

    def issuer(self, usage: str) -> Issuer:
        """Return the authority that issues certificates of a usage, `identity` or `tls`."""
        return self._issuers[usage]

    @property
    def identity_issuers(self) -> Mapping[int, Issuer]:
        """Return every authority of members' identities that is trusted, by its generation."""
        if not self.pairs:
            return {1: self.issuer("identity")}
        return {number: _issuer(pair.ca) for number, pair in self.pairs.items()}

    @property
    def tls_anchor(self) -> pulumi.Output[str]:
        """Return the root of the TLS authority that issues: what a server's presented chain leads to."""
        issuer = pulumi.Output.from_input(self.issuer("tls").certificate)
        issuers = self._tls_issuers
        return issuer.apply(lambda certificate: [certificate, *issuers][-1])

    def presented(self, certificate: pulumi.Output[str]) -> pulumi.Output[str]:
        """Return what a server presents: its TLS certificate, and what leads from it to roots."""
        if self.bridges is None:
            return certificate
        both = pulumi.Output.all(certificate, self.bridges)
        return both.apply(lambda given: "".join([given[0], *given[1]]))

    def bundle(self, usage: str) -> pulumi.Output[str]:
        """Return all that verifies certificates of a usage as one text, what issues them first."""
        trusted = self.identities if usage == "identity" else self.tls
        every = pulumi.Output.all(self.issuer(usage).certificate, trusted.every)
        return every.apply(lambda each: "".join(dict.fromkeys([each[0], *each[1]])))

    def _pair(self, number: int) -> Pair:
        given = self._wanted.given_to(number) if self._wanted else None
        ca, tls_ca = (given.ca, given.tls_ca) if given else (None, None)
        return Pair(
            ca=self._authority("ca", number, ca),
            tls_ca=self._authority("tlsca", number, tls_ca),
            issuers=ca.chain[1:] if ca else (),
            tls_issuers=tls_ca.chain[1:] if tls_ca else (),
        )

    def _authority(self, kind: str, number: int, given: GivenAuthority | None) -> CertificateAuthority:
        args = self._args
        protect = args.site.protect and not args.plan.leaving and number == self._issuing
        return CertificateAuthority(
            f"{self._name}-{kind}{f'-{number}' if number > 1 else ''}",
            CertificateAuthorityArgs(
                common_name=authority_name(args.plan.msp_id, kind, number),
                organization=args.plan.name,
                chain=given.chain if given else None,
                key_file=given.key if given else None,
            ),
            pulumi.ResourceOptions(parent=self._parent, protect=protect),
        )

    def _exchange(self) -> None:
        """Let what is issued and trusted wait for the proof that nobody is shut out by it."""
        exchange = AuthorityExchange(
            f"{self._name}-authorities", self._exchange_args(), pulumi.ResourceOptions(parent=self._parent)
        )
        self._issuers = {
            "identity": Issuer(certificate=exchange.certificate, private_key=exchange.private_key),
            "tls": Issuer(certificate=exchange.tls_certificate, private_key=exchange.tls_private_key),
        }
        pairs = self.pairs.values()
        self.identities = _trusted(
            exchange.root_certificates, exchange.intermediate_certificates, [each.issuers for each in pairs]
        )
        self.tls = _trusted(
            exchange.tls_root_certificates,
            exchange.tls_intermediate_certificates,
            [each.tls_issuers for each in pairs],
        )
        self.bridges = exchange.bridges

    def _exchange_args(self) -> AuthorityExchangeArgs:
        """Return the generations, and the nodes and channels that are asked about them."""
        args, topology = self._args, self._args.site.topology
        every: list[pulumi.Input[str]] = []
        for pair in self.pairs.values():
            every += [pair.tls_ca.certificate, *pair.tls_issuers]
        own = [node_address(node, every) for node in args.plan.nodes]
        orders = args.orderers is None
        return AuthorityExchangeArgs(
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
        )


def _root(certificate: pulumi.Output[str]) -> Trusted:
    return Trusted(roots=certificate.apply(lambda each: [each]), root_count=1)


def _known(chain: Sequence[str]) -> Trusted:
    """Return what to trust of a chain that the stack file has, its root last."""
    return _trusted(
        pulumi.Output.from_input(list(chain[-1:])), pulumi.Output.from_input(list(chain[:-1])), [chain[1:]]
    )


def _fabric_issuer(ca: FabricCa, authority: FabricCaAuthority) -> Issuer:
    return Issuer(
        certificate=authority.chain[0],
        fabric_ca={
            "url": ca.url,
            "name": authority.name,
            "rootCertificates": [ca.root_certificate],
            "registrar": ca.registrar,
            "secretFile": ca.secret,
        },
    )


def _trusted(roots: Certificates, intermediates: Certificates, issuers: Sequence[Sequence[str]]) -> Trusted:
    """Return what an exchange lets trust, counted from the issuers that the stack file names.

    A generation without issuers is a root of its own; others may have one in common.
    """
    common = {each[-1] for each in issuers if each}
    above = {one for each in issuers for one in each[:-1]}
    lower = len(above) + sum(1 for each in issuers if each)
    return Trusted(
        roots=roots,
        root_count=len(common) + sum(1 for each in issuers if not each),
        # The output of an earlier release's exchange does not know them, and has none.
        intermediates=intermediates if lower else None,
        intermediate_count=lower,
    )


def _each(certificates: Certificates, count: int) -> list[pulumi.Output[str]]:
    return [certificates.apply(itemgetter(index)) for index in range(count)]


def _issuer(authority: CertificateAuthority) -> Issuer:
    return Issuer(certificate=authority.certificate, private_key=authority.private_key)


def _generation(number: int, pair: Pair) -> AuthorityPair:
    generation: AuthorityPair = {
        "generation": number,
        "certificate": pair.ca.certificate,
        "privateKey": pair.ca.private_key,
        "tlsCertificate": pair.tls_ca.certificate,
        "tlsPrivateKey": pair.tls_ca.private_key,
    }
    if pair.issuers:
        generation["issuers"] = list(pair.issuers)
    if pair.tls_issuers:
        generation["tlsIssuers"] = list(pair.tls_issuers)
    return generation
