"""Look at the ledger before a chaincode is approved or committed: what changes, and who must approve."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.blocks import config_of
from heddle.configtx.genesis import peer_group
from heddle.configtx.policies import MissingSignatures
from heddle.configtx.read import settings_of
from heddle.configtx.readiness import missing_organizations
from heddle.configtx.settings import PeerOrganization
from heddle.configtx.values import host_port
from heddle.errors import FabricError, ProviderError, Refused
from heddle.fabric.definition import Definition
from heddle.fabric.lifecycle import approved, check_readiness, definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.answers import most_advanced
from heddle.network.configuration import peer_config_block
from heddle.network.history import ConfigHistory
from heddle.plugin.values import Unknown, has_unknown
from heddle.provider.checked_values import node, signer
from heddle.provider.definitions import (
    CONTENT,
    check_channel_policies,
    check_first,
    check_first_policies,
    check_turn,
    differences,
    wanted_definition,
)
from heddle.provider.handler import Call
from heddle.provider.session import Session
from heddle.schema.inputs import Node as NodeInput

__all__ = ["CommitPreview", "CommitReadiness", "commit_readiness", "preview_commit"]

_READING = 10.0
_LOOKED_BACK = 10
"""Sequences before the one in force that are compared with the wanted one."""
_NEEDED = ("channel", "genesisHash", "signer", *CONTENT)


@dataclass(frozen=True, kw_only=True)
class CommitPreview:
    """Describe a commit ahead: what changes against the definition in force, and who must approve first.

    Where the ledger did not answer, nothing is known: every field keeps its default.
    """

    changes: tuple[str, ...] = ()
    in_force: bool = False
    missing: MissingSignatures | None = None
    back_to: int = 0
    """The earlier sequence that had this very content; 0: none of the last ones."""


async def preview_commit(
    session: Session, call: Call, peers: Sequence[Mapping[str, Any] | Unknown], own: set[str]
) -> CommitPreview:
    """Preview an update, asking the most advanced of the peers.

    `own` are the organizations (MSP ids) that this program approves for.

    Raises ProviderError where the ledger will refuse the update: before anything is done for it. A ledger
    that cannot be read is a warning, not an answer; of a new resource not even that: its channel may be made
    by the same program.
    """
    if not call.id and isinstance(call.inputs.get("genesisHash"), Unknown):
        await _expect_first(session, call.inputs, peers)
        return CommitPreview()
    inputs = call.inputs
    known = [peer for peer in peers if not isinstance(peer, Unknown) and not has_unknown(dict(peer))]
    if not known or any(has_unknown(inputs.get(name)) for name in _NEEDED):
        return CommitPreview()
    wanted, channel, who = wanted_definition(inputs), inputs["channel"], signer(inputs["signer"])
    candidates = [node(cast("NodeInput", peer)) for peer in known]
    asked = await most_advanced(session.connections, candidates, channel, who, deadline=_READING)
    try:
        found = await definition(session.connections, asked, channel, wanted.name, who, deadline=_READING)
        check_turn(wanted, found, channel)
        if found is not None and found.definition == wanted:
            return CommitPreview(in_force=True)
        history = session.history(channel, inputs["genesisHash"], asked.name)
        readiness = await commit_readiness(session, asked, history, wanted, who)
    except FabricError as error:
        if call.id:
            words = "ledger not read, whether this can be committed is not known"
            await session.warn(f"{words}\n{error}", call.urn)
        return CommitPreview()
    check_channel_policies(inputs, readiness.config.channel_group)
    changes = differences(found.definition, wanted) if found else ()
    then = replace(readiness, config=_with_members(readiness.config, session.expected_members(channel)))
    local = next((each for each in candidates if each.msp_id == who.msp_id), None)
    back_to = await _earlier(session, local, channel, wanted, who) if found and local else 0
    return CommitPreview(changes=tuple(changes), missing=then.missing(then.approved | own), back_to=back_to)


async def _earlier(session: Session, peer: Node, channel: str, wanted: Definition, who: Signer) -> int:
    """Return the latest of the sequences before the one in force whose content is wanted again; 0: none.

    By what the peer's organization approved: Fabric does not tell former definitions otherwise.
    """
    for sequence in range(wanted.sequence - 2, max(0, wanted.sequence - 2 - _LOOKED_BACK), -1):
        try:
            known = await approved(
                session.connections,
                peer,
                channel,
                wanted.name,
                who,
                sequence=sequence,
                deadline=_READING,
            )
        except FabricError:
            return 0
        if known is not None and replace(known.definition, sequence=wanted.sequence) == wanted:
            return sequence
    return 0


def _with_members(config: Config, members: tuple[PeerOrganization, ...] | None) -> Config:
    """Return a configuration with the members that the same run gives the channel before it commits."""
    if members is None:
        return config
    after, names = Config(), {each.name for each in members}
    after.CopyFrom(config)
    groups = after.channel_group.groups["Application"].groups
    for name in set(groups) - names:
        del groups[name]
    for each in members:
        if each.name not in groups:
            groups[each.name].CopyFrom(peer_group(each))
    return after


async def _expect_first(
    session: Session, inputs: Mapping[str, Any], peers: Sequence[Mapping[str, Any] | Unknown]
) -> None:
    """Raise ProviderError for a definition that the channel would not take which this program makes."""
    if any(has_unknown(inputs.get(name)) for name in ("channel", *CONTENT)):
        return
    try:
        check_first(inputs)
        check_first_policies(inputs)
    except ProviderError:
        if not await _taken_over(session, inputs, peers):
            raise


async def _taken_over(
    session: Session, inputs: Mapping[str, Any], peers: Sequence[Mapping[str, Any] | Unknown]
) -> bool:
    """Tell whether the channel may be there already: an orderer has it, and it is taken over as it is.

    Its peers tell. Raises ProviderError if they have the channel, and on it the first sequence is to come.
    """
    known = [peer for peer in peers if not isinstance(peer, Unknown) and not has_unknown(dict(peer))]
    if not known or has_unknown(inputs["signer"]):
        return False
    channel, who = inputs["channel"], signer(inputs["signer"])
    candidates = [node(cast("NodeInput", peer)) for peer in known]
    try:
        asked = await most_advanced(session.connections, candidates, channel, who, deadline=_READING)
        found = await definition(session.connections, asked, channel, inputs["name"], who, deadline=_READING)
    except Refused:
        return False  # not on the channel: there is none yet
    except FabricError:
        return True
    if found is None:
        check_first(inputs)
    return True


@dataclass(frozen=True, kw_only=True)
class CommitReadiness:
    """Say which organizations (MSP ids) have approved a definition, and keep what says which must."""

    approved: frozenset[str]
    config: Config

    def missing(self, msp_ids: Collection[str]) -> MissingSignatures | None:
        """Return the organizations that are needed beside these; a policy that cannot be read counts."""
        return missing_organizations(self.config.channel_group, msp_ids)

    def other_endorsers(self, msp_ids: Collection[str]) -> list[Node]:
        """Return anchor peers of others that have approved, until with these they may endorse a commit."""
        anchors: list[Node] = []
        endorsing = set(msp_ids)
        for organization in settings_of(self.config).peer_organizations:
            if not self.missing(endorsing):
                break
            msp_id = organization.msp.msp_id
            if msp_id in self.approved - endorsing and organization.anchor_peers:
                anchors.append(_anchor(organization))
                endorsing.add(msp_id)
        return anchors


async def commit_readiness(
    session: Session, peer: Node, history: ConfigHistory, wanted: Definition, who: Signer
) -> CommitReadiness:
    """Ask a peer which organizations have approved. Refused if the sequence is not the next one.

    Who must approve, and whose peers may endorse, the channel's configuration says: it is proved.
    """
    channel = history.channel
    ready = await check_readiness(session.connections, peer, channel, wanted, who, deadline=_READING)
    block = await peer_config_block(session.connections, peer, history, who, deadline=_READING)
    approved = frozenset(msp_id for msp_id, yes in ready.approvals.items() if yes)
    return CommitReadiness(approved=approved, config=config_of(block).config)


def _anchor(organization: PeerOrganization) -> Node:
    """Return an organization's first anchor peer, verified by the TLS roots that the channel has of it."""
    address, msp = organization.anchor_peers[0], organization.msp
    host, port = host_port(address)
    roots = msp.tls_root_certificates
    return Node(name=address, msp_id=msp.msp_id, host=host, port=port, tls_root_certificates=roots)
