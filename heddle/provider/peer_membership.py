"""Act for PeerMembership: a peer on a channel."""

from heddle.configtx.blocks import block_hash
from heddle.errors import FabricError, LedgerNotOpen, ProviderError
from heddle.fabric.cscc import channels, join_channel
from heddle.fabric.node import Node
from heddle.fabric.orderer import verified_genesis
from heddle.fabric.qscc import block_by_number, height_if_admitted
from heddle.identity.signer import Signer
from heddle.kube.client import KubeClient
from heddle.network.unopened import ledgers_not_opened
from heddle.planner.operations import Operation
from heddle.plugin.values import Properties
from heddle.provider.checked_values import node, nodes, signer
from heddle.provider.handler import Call, Gone, Handler, Plan, Seen
from heddle.provider.lost_volumes import gone_with_volume
from heddle.schema.membership import PEER_MEMBERSHIP
from heddle.state.urn import urn_stack
from heddle.waiting import Deadline, poll

__all__ = ["PeerMembershipHandler"]

_DEADLINE = 180.0
_READING = 10.0


def _way_out(call: Call, peer: Node) -> str:
    command = f"heddle runbook run rejoin-peer --stack {urn_stack(call.urn)} -e peer={peer.name}"
    return f"Waiting does not help: `{command}` mends it."


class PeerMembershipHandler(Handler):
    """See `heddle.schema.membership`. Joining is idempotent; a channel of another genesis is refused."""

    declaration = PEER_MEMBERSHIP
    identifier = "{peer[name]}/{channel}"
    operation = Operation.JOIN

    async def plan(self, call: Call) -> Plan:
        """Tell which peer joins the channel, and with which genesis block."""
        peer, genesis = call.inputs["peer"], call.inputs["genesisHash"]
        name = peer["name"] if isinstance(peer, dict) else "a peer known after apply"
        shown = f"{genesis[:16]}..." if isinstance(genesis, str) else "known after apply"
        message = f"{name} joins {call.inputs['channel']}\nwith block 0 from an orderer, hash {shown}"
        return Plan(outputs={}, message=message)

    async def update(self, call: Call) -> Properties:
        """Join, unless the peer has, and wait until it has the channel's ledger."""
        inputs, peer, who = call.inputs, node(call.inputs["peer"]), signer(call.inputs["signer"])
        channel, clock = inputs["channel"], Deadline(call.deadline(_DEADLINE))
        connections = self.session.connections
        await connections.wait_until_ready(peer, deadline=clock.left())
        if channel not in await channels(connections, peer, who, deadline=clock.left()):
            orderers, expected = nodes(inputs["orderers"]), inputs["genesisHash"]
            genesis = await verified_genesis(
                connections, orderers, channel, expected, who, deadline=clock.left()
            )
            try:
                await join_channel(connections, peer, channel, genesis, who, deadline=clock.left())
            except LedgerNotOpen as error:
                raise ProviderError(error.message, hint=_way_out(call, peer)) from error
        await self._wait_for_ledger(peer, channel, who, clock)
        await self._expect_genesis(peer, channel, inputs["genesisHash"], who, clock)
        return {}

    async def read(self, call: Call) -> Seen:
        """Look at the peer's channels; gone when the peer says that it has not joined, or lost its volume.

        A ledger that the peer has, but could not open, is still its own: a warning names the way out.
        """
        peer, who, channel = node(call.inputs["peer"]), signer(call.inputs["signer"]), call.inputs["channel"]
        async with gone_with_volume(self.session, [peer], f"the ledger of {channel}"):
            listed = await channels(self.session.connections, peer, who, deadline=_READING)
        if channel not in listed:
            reason = await self._reason_not_opened(peer, channel)
            if not reason:
                raise Gone(f"{peer.name} has left {channel}; the next update joins it again")
            text = f"{peer.at()}: channel {channel}: it has a ledger that it could not open: {reason}"
            await self.session.warn(f"{text}\n{_way_out(call, peer)}", call.urn)
        return Seen(outputs={})

    async def _reason_not_opened(self, peer: Node, channel: str) -> str:
        """Return why a peer in the cluster could not open a ledger; empty if its log has no reason."""
        if not (peer.pod and self.session.has_cluster):
            return ""
        async with KubeClient(await self.session.api_server()) as cluster:
            return (await ledgers_not_opened(cluster, peer.namespace, peer.pod)).get(channel, "")

    async def _wait_for_ledger(self, peer: Node, channel: str, who: Signer, clock: Deadline) -> None:
        async def height(left: float) -> int:
            return await height_if_admitted(self.session.connections, peer, channel, who, deadline=left)

        def too_slow(_: int) -> FabricError:
            return FabricError(
                f"{peer.at()}: channel {channel}: joined, but its ledger has no block after "
                f"{clock.seconds:.0f} s",
                hint="Look at the peer's log.",
            )

        until = f"until {peer.name} has a block of {channel}"
        await poll(height, lambda found: found >= 1, deadline=clock, otherwise=too_slow, until=until)

    async def _expect_genesis(
        self, peer: Node, channel: str, genesis_hash: str, who: Signer, clock: Deadline
    ) -> None:
        block = await block_by_number(self.session.connections, peer, channel, 0, who, deadline=clock.left())
        found = block_hash(block.header).hex()
        if found != genesis_hash:
            raise ProviderError(
                f"{peer.at()}: it has joined another channel named {channel}: block 0 has hash {found}, "
                f"expected {genesis_hash}",
                hint="Its ledger is of an earlier network. Give the peer an empty volume, or stop it, "
                "`peer node unjoin` and start it.",
            )
