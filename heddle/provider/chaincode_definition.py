"""Commit ChaincodeDefinition: a definition in force on a channel."""

import asyncio
from collections.abc import Sequence

from heddle.errors import ProviderError
from heddle.fabric.lifecycle import Definition, Readiness, check_readiness, commit, definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.answers import most_advanced
from heddle.network.history import ConfigHistory
from heddle.planner.operations import Operation
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties
from heddle.provider.checked_values import nodes, signer
from heddle.provider.commit_preview import commit_readiness, preview_commit
from heddle.provider.definitions import (
    check_definition,
    check_succession,
    check_turn,
    definition_inputs,
    differences,
    summary,
    wanted_definition,
)
from heddle.provider.handler import Call, Gone, Handler, Plan, Seen
from heddle.provider.lost_volumes import gone_with_volume
from heddle.schema.chaincode import CHAINCODE_DEFINITION
from heddle.text import some
from heddle.waiting import Deadline, poll

__all__ = ["ChaincodeDefinitionHandler"]

_DEADLINE = 120.0
_READING = 10.0
_APPROVALS = 15.0
"""Seconds until every endorsing peer has the block with the last approval: they commit it each by itself."""
_ELSEWHERE = "with their own tools (`peer lifecycle chaincode approveformyorg`)"


class ChaincodeDefinitionHandler(Handler):
    """See `heddle.schema.chaincode`. Committing is idempotent; a definition cannot be withdrawn."""

    declaration = CHAINCODE_DEFINITION
    identifier = "{channel}/{name}"
    operation = Operation.DEPLOY

    def verify(self, inputs: Properties) -> list[CheckFailure]:
        """Report policies and collections that cannot be read."""
        return check_definition(inputs)

    def verify_change(self, olds: Properties, news: Properties) -> list[CheckFailure]:
        """Report a changed definition whose sequence has not grown by one."""
        return check_succession(olds, news)

    async def plan(self, call: Call) -> Plan:
        """Tell what will be in force, and which organizations must have approved it."""
        peers = call.inputs["peers"]
        known = [peer for peer in peers if isinstance(peer, dict)] if isinstance(peers, list) else []
        own = {peer["mspId"] for peer in known if isinstance(peer["mspId"], str)}
        ahead = await preview_commit(self.session, call, known, own)
        if ahead.in_force:
            return Plan(outputs={}, message=f"nothing to commit: {summary(call.inputs)}, is in force")
        back = f"rolls back to what sequence {ahead.back_to} was: " if ahead.back_to else ""
        lines = [f"{back}commit {summary(call.inputs)}", *ahead.changes]
        lines.append(f"approved and endorsed by: {', '.join(sorted(own)) or 'known after apply'}")
        if ahead.missing:
            lines.append(f"MISSING approval: {ahead.missing}, {_ELSEWHERE}")
        return Plan(outputs={}, message="\n".join(lines))

    async def update(self, call: Call) -> Properties:
        """Commit, unless it is in force, once the organizations of the endorsing peers have approved."""
        inputs, wanted = call.inputs, wanted_definition(call.inputs)
        peers, who, channel = nodes(inputs["peers"]), signer(inputs["signer"]), inputs["channel"]
        connections, clock = self.session.connections, Deadline(call.deadline(_DEADLINE))
        leading = await most_advanced(connections, peers, channel, who, deadline=_READING)
        found = await definition(connections, leading, channel, wanted.name, who, deadline=clock.left())
        if found is not None and found.definition == wanted:
            return {}
        check_turn(wanted, found, channel)
        organizations = {peer.msp_id for peer in peers}
        await asyncio.gather(*(self._approved(peer, channel, wanted, who, organizations) for peer in peers))
        history = self.session.history(channel, inputs["genesisHash"], peers[0].name)
        endorsers = [*peers, *await self._elsewhere(peers, history, wanted, who)]
        orderers = nodes(inputs["orderers"])
        await commit(connections, endorsers, orderers, channel, wanted, who, deadline=clock.left())
        return {}

    async def read(self, call: Call) -> Seen:
        """Read the definition in force; gone when the channel has none of this name, or is gone itself."""
        inputs, connections = call.inputs, self.session.connections
        peers, channel, who = nodes(inputs["peers"]), inputs["channel"], signer(inputs["signer"])
        # It is on the channel: peers that lost their ledgers get it back from the orderers.
        holders = [*peers, *nodes(inputs["orderers"])]
        async with gone_with_volume(self.session, holders, f"the definition of {inputs['name']}"):
            leading = await most_advanced(connections, peers, channel, who, deadline=_READING)
            found = await definition(connections, leading, channel, inputs["name"], who, deadline=_READING)
        if found is None:
            raise Gone(f"nothing of the name {inputs['name']} is in force on {inputs['channel']}")
        return Seen(
            outputs={},
            inputs=definition_inputs(found.definition, inputs),
            message=_drift(wanted_definition(inputs), found.definition),
        )

    async def _elsewhere(
        self, peers: Sequence[Node], history: ConfigHistory, wanted: Definition, who: Signer
    ) -> list[Node]:
        """Return peers of other stacks that must endorse too, once their organizations have approved."""
        what = f"chaincode {wanted.name} on {history.channel}, sequence {wanted.sequence}"
        readiness = await commit_readiness(self.session, peers[0], history, wanted, who)
        if missing := readiness.missing(readiness.approved):
            raise ProviderError(
                f"{what}: the channel's LifecycleEndorsement policy needs the approval of {missing}",
                hint=f"Nothing was committed: they approve this definition first, {_ELSEWHERE}. Then run "
                "it again.",
            )
        own = {peer.msp_id for peer in peers}
        others = readiness.other_endorsers(own)
        if missing := readiness.missing(own | {peer.msp_id for peer in others}):
            raise ProviderError(
                f"{what}: a peer of {missing} must endorse the commit, but the channel names none",
                hint="They announce an anchor peer, or commit it themselves (`peer lifecycle chaincode "
                "commit`). Then run it again.",
            )
        return others

    async def _approved(
        self, peer: Node, channel: str, wanted: Definition, who: Signer, organizations: set[str]
    ) -> None:
        """Return once this peer sees the approvals of all these organizations."""

        async def readiness(left: float) -> Readiness:
            return await check_readiness(self.session.connections, peer, channel, wanted, who, deadline=left)

        def missing(ready: Readiness) -> list[str]:
            return [msp_id for msp_id in sorted(organizations) if not ready.approvals.get(msp_id)]

        await poll(
            readiness,
            lambda ready: not missing(ready),
            deadline=_APPROVALS,
            otherwise=lambda ready: _not_approved(wanted, channel, peer, missing(ready), ready),
            until=lambda ready: f"until {peer.name} sees the approval of {some(missing(ready))}",
        )


def _drift(known: Definition, found: Definition) -> str:
    lines = [f"  {line}" for line in differences(known, found)]
    if not lines:
        return ""
    after = f"to keep it, declare it; to change it, declare sequence {found.sequence + 1}"
    return "\n".join([f"another definition of {found.name} is in force", *lines, after])


def _not_approved(
    wanted: Definition, channel: str, peer: Node, missing: list[str], ready: Readiness
) -> ProviderError:
    differing = "".join(
        f"\n  {msp_id} approved another: {', '.join(fields)}" for msp_id, fields in ready.mismatches.items()
    )
    return ProviderError(
        f"chaincode {wanted.name} on {channel}, sequence {wanted.sequence}: not approved by "
        f"{', '.join(missing)}, as {peer.at()} sees it after {_APPROVALS:.0f} s{differing}",
        hint="Each of these organizations must approve this very definition (ChaincodeApproval).",
    )
