"""Run chaincodes for one proposal: the one that it names, and those that are called by it.

Source: core/chaincode/chaincode_support.go, core/chaincode/lifecycle/endorsement_info.go (Fabric 3.1.5).
"""

from dataclasses import dataclass
from functools import partial

from fabric_protos.peer import chaincode_pb2

from heddle.embedded.fabric.access import Denied
from heddle.embedded.fabric.channelconfig import APPLICATION_WRITERS
from heddle.embedded.fabric.peer.chaincode import ChaincodeError, Invocation, Message
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.collections import implicit
from heddle.embedded.fabric.peer.definitions import (
    LIFECYCLE,
    Committed,
    CommittedHashes,
    Definition,
    definition,
    is_approved_package,
    mismatches,
    sequence_key,
)
from heddle.embedded.fabric.peer.packages import Package
from heddle.embedded.fabric.peer.peer import Peer
from heddle.embedded.fabric.peer.proposal import Unpacked, check_channel_policy
from heddle.embedded.fabric.peer.requests import RequestRefused, Requests
from heddle.embedded.fabric.peer.simulation import Simulation

__all__ = ["Execution", "endorsable"]

_INITIALIZED = "\x00\U0010ffffinitialized"
"""Where a chaincode's namespace says for which version Init has run."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Run the chaincode of one proposal."""

    peer: Peer
    proposal: Unpacked

    async def invoke(
        self, channel: PeerChannel, simulation: Simulation, name: str, content: chaincode_pb2.ChaincodeInput
    ) -> Message:
        """Return the chaincode's last message, COMPLETED or ERROR. Raises ChaincodeError."""
        try:
            package, defined = endorsable(self.peer, channel, name)
        except ChaincodeError as problem:
            words = f"[channel {channel.name}] failed to get chaincode container info for {name}"
            raise ChaincodeError(f"invalid invocation: {words}: {problem}") from problem
        simulation.get(LIFECYCLE, sequence_key(name))
        kind = _initialization(name, content, defined, simulation)
        requests = Requests(
            channel=channel,
            chaincode=name,
            simulation=simulation,
            creator=self.proposal.data,
            initializing=kind == Message.INIT,
            call=partial(self._call, channel, simulation),
        )
        invocation = Invocation(
            channel=channel.name,
            transaction_id=self.proposal.transaction_id,
            proposal=self.proposal.signed,
            input=content,
            kind=kind,
            answer=requests.answer,
        )
        return await self.peer.server(package).execute(invocation)

    async def _call(
        self,
        channel: PeerChannel,
        simulation: Simulation,
        name: str,
        target: str,
        content: chaincode_pb2.ChaincodeInput,
    ) -> Message:
        """Call another chaincode; on another channel it reads that one's state, its writes are dropped."""
        other = self.peer.channels.get(target)
        if other is None:
            raise RequestRefused(f"Failed to get policy manager for channel [{target}]")
        try:
            check_channel_policy(other.config, APPLICATION_WRITERS, self.proposal.data)
        except Denied as denied:
            raise RequestRefused(str(denied)) from denied
        if other is not channel:
            simulation = Simulation(other.state, self.proposal.transaction_id)
        try:
            return await self.invoke(other, simulation, name, content)
        except ChaincodeError as problem:
            raise RequestRefused(f"execute failed: {problem}") from problem


def endorsable(peer: Peer, channel: PeerChannel, name: str) -> tuple[Package, Definition]:
    """Return the package that this organization approved for the committed definition, and the definition.

    By hashes alone, as Fabric does: a peer that is made anew may not have the approval itself. Raises
    ChaincodeError.
    """
    defined = definition(Committed(channel.state), name)
    if defined is None:
        raise ChaincodeError(f"chaincode {name} not found")
    approvals = CommittedHashes(channel.state, implicit(peer.members.msp_id))
    if mismatches(approvals, name, defined):
        raise ChaincodeError(
            f"chaincode definition for '{name}' at sequence {defined.sequence} on channel "
            f"'{channel.name}' has not yet been approved by this org"
        )
    fitting = (
        each
        for each in peer.packages.all()
        if is_approved_package(approvals, name, defined.sequence, each.package_id)
    )
    if (package := next(fitting, None)) is None:
        raise ChaincodeError(f"chaincode definition for '{name}' exists, but chaincode is not installed")
    return package, defined


def _initialization(
    name: str, content: chaincode_pb2.ChaincodeInput, defined: Definition, simulation: Simulation
) -> Message.Type.ValueType:
    """Tell whether the chaincode's Init or Invoke is called (CheckInvocation)."""
    words = ""
    if content.is_init and not defined.init_required:
        words = f"chaincode '{name}' does not require initialization but called as init"
    if defined.init_required:
        done = simulation.get(name, _INITIALIZED) == defined.version.encode()
        if content.is_init and done:
            words = f"chaincode '{name}' is already initialized but called as init"
        elif not content.is_init and not done:
            words = f"chaincode '{name}' has not been initialized for this version, must call as init first"
    if words:
        raise ChaincodeError(f"invalid invocation: {words}")
    if not content.is_init:
        return Message.TRANSACTION
    simulation.put(name, _INITIALIZED, defined.version.encode())
    return Message.INIT
