"""What the ledger says of a chaincode before a preview tells what would become of it."""

from collections.abc import Collection
from dataclasses import dataclass

from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.blocks import config_of
from heddle.configtx.policies import Need
from heddle.configtx.read import settings_of
from heddle.configtx.readiness import missing_organizations
from heddle.configtx.settings import PeerOrganization
from heddle.errors import ConfigtxError, FabricError
from heddle.fabric.cscc import config_block
from heddle.fabric.definition import Definition
from heddle.fabric.lifecycle import check_readiness, definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.plugin.values import Unknown, has_unknown
from heddle.provider.definitions import (
    CONTENT,
    check_channel_policies,
    check_turn,
    differences,
    wanted_definition,
)
from heddle.provider.handler import Call
from heddle.provider.session import Session
from heddle.provider.shapes import Shape, node, signer

__all__ = ["Agreement", "Foresight", "agreement", "foresee"]

_READING = 10.0
_NEEDED = ("channel", "signer", *CONTENT)


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """What would change against the definition in force, and who else must approve first.

    `read` is false where the ledger did not answer; then nothing is known of the rest.
    """

    read: bool = False
    changes: tuple[str, ...] = ()
    in_force: bool = False
    missing: Need | None = None


async def foresee(session: Session, call: Call, peer: Shape | Unknown, own: set[str]) -> Foresight:
    """For the preview of an update; `own` are the organizations (MSP ids) that this program approves for.

    Raises ProviderError where the ledger will refuse the update: before anything is done for it. A ledger
    that cannot be read is a warning, not an answer.
    """
    inputs = call.inputs
    if isinstance(peer, Unknown) or has_unknown(dict(peer)):
        return Foresight()
    if not call.id or any(has_unknown(inputs.get(name)) for name in _NEEDED):
        return Foresight()
    wanted, channel, who, asked = (
        wanted_definition(inputs),
        inputs["channel"],
        signer(inputs["signer"]),
        node(peer),
    )
    try:
        found = await definition(session.connections, asked, channel, wanted.name, who, deadline=_READING)
        check_turn(wanted, found, channel)
        if found is not None and found.definition == wanted:
            return Foresight(read=True, in_force=True)
        agreed = await agreement(session, asked, channel, wanted, who)
    except FabricError as error:
        await session.warn(f"ledger not read, whether this can be committed is not known\n{error}", call.urn)
        return Foresight()
    check_channel_policies(inputs, agreed.config.channel_group)
    changes = differences(found.definition, wanted) if found else ()
    return Foresight(read=True, changes=tuple(changes), missing=agreed.missing(agreed.approved | own))


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Who (MSP ids) has approved a definition, and the configuration that says who must."""

    approved: frozenset[str]
    config: Config

    def missing(self, there: Collection[str]) -> Need | None:
        """Who is needed beside these. None also where the policy cannot be read: peers say what they need."""
        try:
            return missing_organizations(self.config.channel_group, there)
        except ConfigtxError:
            return None

    def elsewhere(self, there: Collection[str]) -> list[Node]:
        """Anchor peers of others who have approved, as many organizations as it takes to endorse a commit."""
        found: list[Node] = []
        endorsing = set(there)
        for one in settings_of(self.config).peer_organizations:
            if not self.missing(endorsing):
                break
            if one.msp.msp_id in self.approved - endorsing and one.anchor_peers:
                found.append(_anchor(one))
                endorsing.add(one.msp.msp_id)
        return found


async def agreement(session: Session, peer: Node, channel: str, wanted: Definition, who: Signer) -> Agreement:
    """As this peer sees it. Refused if the definition's sequence is not the next one."""
    ready = await check_readiness(session.connections, peer, channel, wanted, who, deadline=_READING)
    block = await config_block(session.connections, peer, channel, who, deadline=_READING)
    approved = frozenset(msp_id for msp_id, yes in ready.approvals.items() if yes)
    return Agreement(approved=approved, config=config_of(block).config)


def _anchor(organization: PeerOrganization) -> Node:
    """An organization's first anchor peer. Its TLS certificate is verified by the channel's own roots."""
    address = organization.anchor_peers[0]
    host, _, port = address.rpartition(":")
    return Node(
        name=address,
        msp_id=organization.msp.msp_id,
        host=host,
        port=int(port),
        tls_root_certificates=organization.msp.tls_root_certificates,
    )
