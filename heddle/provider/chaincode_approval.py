"""Approve a chaincode's definition for an organization: the resource ChaincodeApproval."""

from heddle.configtx.blocks import config_of
from heddle.fabric.lifecycle import approve, approved, definition
from heddle.network.configuration import peer_config_block
from heddle.planner.operations import Operation
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties, Unknown
from heddle.provider.checked_values import node, nodes, signer
from heddle.provider.commit_preview import preview_commit
from heddle.provider.definitions import (
    channel_policies,
    check_channel_policies,
    check_definition,
    check_turn,
    definition_inputs,
    summary,
    wanted_definition,
)
from heddle.provider.handler import Call, Gone, Handler, Plan, Seen
from heddle.provider.lost_volumes import gone_with_volume
from heddle.schema.chaincode import CHAINCODE_APPROVAL
from heddle.waiting import Deadline

__all__ = ["ChaincodeApprovalHandler"]

_DEADLINE = 120.0
_READING = 10.0


class ChaincodeApprovalHandler(Handler):
    """See `heddle.schema.chaincode`. Approving is idempotent; an approval cannot be withdrawn."""

    declaration = CHAINCODE_APPROVAL
    identifier = "{channel}/{name}/{signer[mspId]}"
    operation = Operation.DEPLOY

    def verify(self, inputs: Properties) -> list[CheckFailure]:
        """Report policies and collections that cannot be read."""
        return check_definition(inputs)

    async def plan(self, call: Call) -> Plan:
        """Tell which definition would be approved, with which package."""
        package, who = call.inputs["packageId"], call.inputs["signer"]
        shown = "a package known after apply" if isinstance(package, Unknown) else package
        ahead = await preview_commit(self.session, call, [call.inputs["peer"]], {_msp_id(who)})
        lines = [f"{_msp_id(who)} approves {summary(call.inputs)}", *ahead.changes, f"package: {shown}"]
        return Plan(outputs={}, message="\n".join(lines))

    async def update(self, call: Call) -> Properties:
        """Approve the definition, unless the organization has approved the very same one."""
        inputs, wanted = call.inputs, wanted_definition(call.inputs)
        peer, who, channel = node(inputs["peer"]), signer(inputs["signer"]), inputs["channel"]
        connections, clock = self.session.connections, Deadline(call.deadline(_DEADLINE))
        committed = await definition(connections, peer, channel, wanted.name, who, deadline=clock.left())
        check_turn(wanted, committed, channel)
        if channel_policies(inputs):
            history = self.session.history(channel, inputs["genesisHash"], peer.name)
            block = await peer_config_block(connections, peer, history, who, deadline=clock.left())
            check_channel_policies(inputs, config_of(block).config.channel_group)
        orderers, package = nodes(inputs["orderers"]), inputs["packageId"]
        await approve(connections, peer, orderers, channel, wanted, package, who, deadline=clock.left())
        return {}

    async def read(self, call: Call) -> Seen:
        """Read the approval; gone when there is none for this sequence, or the channel is gone itself."""
        inputs, sequence = call.inputs, call.inputs["sequence"]
        channel, name, who = inputs["channel"], inputs["name"], signer(inputs["signer"])
        connections, peer = self.session.connections, node(inputs["peer"])
        # It is on the channel: a peer that lost its ledger gets it back from the orderers.
        holders = [peer, *nodes(inputs["orderers"])]
        async with gone_with_volume(self.session, holders, f"the approval of {name}"):
            approval = await approved(
                connections, peer, channel, name, who, sequence=sequence, deadline=_READING
            )
        if approval is None:
            raise Gone(f"{who.msp_id} has not approved {name}, sequence {sequence}")
        live = definition_inputs(approval.definition, inputs)
        return Seen(outputs={}, inputs={**live, "packageId": approval.package_id or inputs["packageId"]})


def _msp_id(who: object) -> str:
    """Return the MSP id of an identity, which may be unknown."""
    found = who.get("mspId") if isinstance(who, dict) else None
    return found if isinstance(found, str) else "an organization known after apply"
