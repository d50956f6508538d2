"""Ask nodes and channels which generations of an organization's authorities they present, accept and name.

Nobody's word is taken where a fact can be had: a node is asked with a certificate of each generation, made
for the question and used for nothing else, and what it presents is looked at on its ports.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from cryptography import x509
from fabric_protos.common.common_pb2 import FORBIDDEN, Block
from fabric_protos.msp import identities_pb2

from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings, Consenter
from heddle.errors import FabricError, HeddleError, Refused
from heddle.fabric import cscc, participation
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import new_proposal, propose
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.orderer import config_block
from heddle.fabric.refusals import has_no_leader, is_not_found
from heddle.fabric.tls import presented_certificate
from heddle.identity.authority import Authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.chain import issued
from heddle.identity.expiry import expires_within
from heddle.identity.keys import load_certificate
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from heddle.planner.authorities import ChannelTrust, NodeTrust
from heddle.waiting import retry

__all__ = ["AuthorityPair", "TrustQuestions"]

_ASKING: Final = 15.0
"""Seconds for one question to one node."""
_NAME: Final = "heddle-exchange"
"""Common name of the certificates that are made for the questions."""


@dataclass(frozen=True, kw_only=True)
class AuthorityPair:
    """Hold a generation of authorities, each with its issuers, the root last; a root has none."""

    authority: Authority
    tls_authority: Authority
    issuers: tuple[bytes, ...] = ()
    tls_issuers: tuple[bytes, ...] = ()

    @property
    def ended(self) -> bool:
        """Tell whether one of them has ended: then it issues nothing, and nobody accepts what it did."""
        chain = (self.authority, self.tls_authority)
        pems = (*(each.certificate for each in chain), *self.issuers, *self.tls_issuers)
        return any(expires_within(pem, 0) for pem in pems)

    @property
    def tls_chain(self) -> bytes:
        """Return what a client presents beneath its TLS certificate: the authorities below the root."""
        return b"".join((self.tls_authority.certificate, *self.tls_issuers)[:-1])


@dataclass(frozen=True, kw_only=True)
class TrustQuestions:
    """Ask about the authorities of one organization. `pairs`: the generations that exist, by number."""

    connections: Connections
    msp_id: str
    pairs: Mapping[int, AuthorityPair]

    async def peer(self, node: Node, channels: Sequence[str]) -> NodeTrust:
        """Return what a peer presents at its ports and in endorsements, and whose signature it takes."""
        try:
            presents = await self._presented(node)
            accepts, enrolled = set[int](), set[int]()
            for number, signer in self._signers.items():
                if found := await self._endorsed(node, channels, signer):
                    accepts.add(number)
                    enrolled |= found - {-1}
        except HeddleError as error:
            return NodeTrust(name=node.name, silent=_one_line(error))
        return NodeTrust(name=node.name, presents=presents | enrolled, accepts=frozenset(accepts))

    async def orderer(self, node: Node, channels: Sequence[str]) -> NodeTrust:
        """Return what an orderer presents at its ports, and whose clients and readers it lets in."""
        try:
            presents = await self._presented(node)
            accepts = {number for number in self._clients if await self._admitted(node, channels, number)}
        except HeddleError as error:
            return NodeTrust(name=node.name, silent=_one_line(error))
        if not accepts:
            return NodeTrust(name=node.name, silent="its admin port lets none of the authorities' clients in")
        return NodeTrust(name=node.name, presents=presents, accepts=frozenset(accepts))

    async def channel(self, name: str, orderers: Sequence[Node], own: Iterable[Node]) -> ChannelTrust | None:
        """Return what a channel's configuration says of the organization.

        None where there is no such channel, or the organization is not on it.

        Args:
            name: the channel.
            orderers: who tell its configuration; the newest one counts.
            own: the organization's nodes, to know its consenters by.
        """
        block, refusals = await self._config(name, orderers)
        if block is None:
            if refusals and all(is_not_found(each) for each in refusals):
                return None
            return ChannelTrust(
                name=name, silent=_one_line(refusals[-1]) if refusals else "no orderer answers"
            )
        settings = settings_of(config_of(block).config, channel=name)
        msps = [each.msp for each in settings.orderer_organizations]
        msps += [each.msp for each in settings.peer_organizations]
        mine = [each for each in msps if each.msp_id == self.msp_id]
        if not mine:
            return None
        holds = frozenset.intersection(*(self._held(each) for each in mine))
        names = {address: node.name for node in own for address in node.addresses}
        return ChannelTrust(name=name, holds=holds, consenters=self._consenters(settings, names))

    async def _presented(self, node: Node) -> frozenset[int]:
        """Return the generations of the TLS certificates at all of a node's ports."""
        ports = {node.port, *(each for each in (node.operations_port, node.admin_port) if each is not None)}
        shown = await asyncio.gather(
            *(
                presented_certificate(self.connections.dialer, node, port, deadline=_ASKING)
                for port in sorted(ports)
            )
        )
        return frozenset(self._tls_generation(each) for each in shown)

    async def _endorsed(self, node: Node, channels: Sequence[str], signer: Signer) -> set[int]:
        """Return the generations of what a peer endorses with; empty if it does not take the signature.

        -1 stands for a peer that is on no channel: it takes the signature, and endorses nothing.
        """
        try:
            joined = await cscc.channels(self.connections, node, signer, deadline=_ASKING)
            found = {-1}
            for channel in (each for each in channels if each in joined):
                proposal = new_proposal(signer, channel, "qscc", ["GetChainInfo", channel])
                answer = await propose(self.connections, node, proposal, signer, deadline=_ASKING)
                endorser = identities_pb2.SerializedIdentity.FromString(answer.endorsement.endorser)
                found.add(self._generation(load_certificate(endorser.id_bytes)))
        except Refused:
            return set()
        return found

    async def _admitted(self, node: Node, channels: Sequence[str], number: int) -> bool:
        """Tell whether an orderer lets in a client and a reader of a generation."""
        tls, reader = self._clients[number], self._signers[number]
        for channel in channels:
            try:
                info = await participation.channel_info(
                    self.connections, node, channel, tls, deadline=_ASKING
                )
            except FabricError:
                return False  # a client that is not let in sees a connection that breaks
            if info is None or info.relation != "consenter":
                continue
            try:
                await self._configured(node, channel, reader)
            except Refused as refusal:
                if refusal.status == FORBIDDEN:
                    return False
                raise
        return True

    async def _configured(self, node: Node, channel: str, signer: Signer) -> Block:
        """Return an orderer's newest configuration block; asked again while it knows no leader."""

        async def ask(left: float) -> Block:
            return await config_block(self.connections, node, channel, signer, deadline=left)

        return await retry(ask, has_no_leader, deadline=_ASKING, longest=0.5)

    async def _config(self, name: str, orderers: Sequence[Node]) -> tuple[Block | None, list[FabricError]]:
        """Return the newest configuration block, read as any of the generations, and what else was said."""

        async def ask(node: Node) -> Block | FabricError:
            last: FabricError | None = None
            for signer in self._signers.values():
                try:
                    return await self._configured(node, name, signer)
                except FabricError as error:
                    last = error
            return last or FabricError(f"{node.at()}: none of the authorities is known yet")

        answers = await asyncio.gather(*map(ask, orderers))
        blocks = [each for each in answers if isinstance(each, Block)]
        errors = [each for each in answers if isinstance(each, FabricError)]
        return max(blocks, key=lambda block: block.header.number, default=None), errors

    def _held(self, msp: Msp) -> frozenset[int]:
        """Return the generations all of whose certificates an MSP names."""
        pems = (*msp.root_certificates, *msp.intermediate_certificates)
        tls_pems = (*msp.tls_root_certificates, *msp.tls_intermediate_certificates)
        known, tls_known = ({load_certificate(each) for each in every} for every in (pems, tls_pems))
        return frozenset(
            number
            for number, pair in self.pairs.items()
            if known.issuperset(_chain(pair.authority, pair.issuers))
            and tls_known.issuperset(_chain(pair.tls_authority, pair.tls_issuers))
        )

    def _consenters(self, settings: ChannelSettings, names: Mapping[str, str]) -> dict[str, int]:
        return {
            names[each.address]: self._consenter(each)
            for each in settings.consenters
            if each.address in names
        }

    def _consenter(self, consenter: Consenter) -> int:
        """Return the one generation of all of a consenter's certificates; 0 if they are of several."""
        tls = (consenter.client_tls_certificate, consenter.server_tls_certificate)
        found = {self._tls_generation(load_certificate(each)) for each in tls}
        if consenter.identity:
            found.add(self._generation(load_certificate(consenter.identity)))
        return found.pop() if len(found) == 1 else 0

    def _generation(self, certificate: x509.Certificate) -> int:
        found = (number for number, pair in self.pairs.items() if issued(pair.authority.x509, certificate))
        return next(found, 0)

    def _tls_generation(self, certificate: x509.Certificate) -> int:
        found = (
            number for number, pair in self.pairs.items() if issued(pair.tls_authority.x509, certificate)
        )
        return next(found, 0)

    @cached_property
    def _issuing(self) -> dict[int, AuthorityPair]:
        """Return the generations that can issue: one that has ended has nothing to ask with."""
        return {number: pair for number, pair in self.pairs.items() if not pair.ended}

    @cached_property
    def _signers(self) -> dict[int, Signer]:
        """Return a member of the organization of each generation; the newest is the first to ask."""
        request = CertificateRequest(
            common_name=_NAME, organizational_units=("client",), usage=Usage.IDENTITY, validity_days=1
        )
        return {
            number: _signer(self.msp_id, pair.authority, request)
            for number, pair in sorted(self._issuing.items(), reverse=True)
        }

    @cached_property
    def _clients(self) -> dict[int, ClientTls]:
        """Return a TLS client of each generation."""
        request = CertificateRequest(common_name=_NAME, usage=Usage.TLS, validity_days=1)
        made = {number: issue(pair.tls_authority, request) for number, pair in self._issuing.items()}
        return {
            number: ClientTls(
                certificate=each.certificate + self.pairs[number].tls_chain, private_key=each.private_key
            )
            for number, each in made.items()
        }


def _chain(authority: Authority, issuers: Sequence[bytes]) -> list[x509.Certificate]:
    return [authority.x509, *map(load_certificate, issuers)]


def _signer(msp_id: str, authority: Authority, request: CertificateRequest) -> Signer:
    made = issue(authority, replace(request, organization=msp_id))
    return Signer(msp_id=msp_id, certificate=made.certificate, private_key=made.private_key)


def _one_line(error: HeddleError) -> str:
    return " ".join(error.message.split())
