"""What the ledger says of a chaincode before a preview tells what would become of it."""

from dataclasses import dataclass

from heddle.configtx.blocks import config_of
from heddle.configtx.policies import Need
from heddle.errors import ConfigtxError, FabricError
from heddle.fabric.cscc import config_block
from heddle.fabric.definition import Definition
from heddle.fabric.lifecycle import check_readiness, definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.plugin.values import has_unknown
from heddle.provider.agreement import missing_organizations
from heddle.provider.definitions import CONTENT, check_turn, differences, wanted_definition
from heddle.provider.handler import Call
from heddle.provider.session import Session
from heddle.provider.shapes import Shape, node, signer

__all__ = ["Foresight", "foresee", "missing_approvals"]

_READING = 10.0
_NEEDED = ("signer", *CONTENT)


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """What would change against the definition in force, and who else must approve first.

    `read` is false where the ledger did not answer; then nothing is known of the rest.
    """

    read: bool = False
    changes: tuple[str, ...] = ()
    in_force: bool = False
    missing: Need | None = None


async def foresee(session: Session, call: Call, peer: Shape, own: set[str]) -> Foresight:
    """For the preview of an update; `own` are the organizations (MSP ids) that this program approves for.

    Raises ProviderError where the ledger will refuse the update: before anything is done for it. A ledger
    that cannot be read is a warning, not an answer.
    """
    inputs = call.inputs
    if not call.id or any(has_unknown(inputs.get(name)) for name in _NEEDED) or has_unknown(dict(peer)):
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
        missing = await missing_approvals(session, asked, channel, wanted, who, own)
    except FabricError as error:
        await session.warn(f"ledger not read, whether this can be committed is not known\n{error}", call.urn)
        return Foresight()
    changes = differences(found.definition, wanted) if found else ()
    return Foresight(read=True, changes=tuple(changes), missing=missing)


async def missing_approvals(
    session: Session, peer: Node, channel: str, wanted: Definition, who: Signer, own: set[str]
) -> Need | None:
    """Who must approve the definition besides those who have, and besides `own`."""
    ready = await check_readiness(session.connections, peer, channel, wanted, who, deadline=_READING)
    there = {msp_id for msp_id, approved in ready.approvals.items() if approved} | own
    block = await config_block(session.connections, peer, channel, who, deadline=_READING)
    try:
        return missing_organizations(config_of(block).config.channel_group, there)
    except ConfigtxError:
        return None  # the peers will say what they need
