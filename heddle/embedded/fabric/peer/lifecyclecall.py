"""Describe one invocation of `_lifecycle`, and refuse it as its functions do."""

from typing import Any, TypeAlias

from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.collections import implicit
from heddle.embedded.fabric.peer.definitions import LIFECYCLE
from heddle.embedded.fabric.peer.peer import Peer
from heddle.embedded.fabric.peer.simulation import Scope, Simulation

__all__ = ["LifecycleCall", "LifecycleRefused", "Proto"]

Proto: TypeAlias = Any
"""A message of `_lifecycle`: many kinds share the fields of a definition, and no base class has them."""


class LifecycleRefused(Exception):  # noqa: N818 - an answer, not a mistake
    """The function's own refusal; `status` is 404 where nothing is there."""

    def __init__(self, words: str, status: int = 500) -> None:
        super().__init__(words)
        self.status = status


class LifecycleCall:
    """Describe one invocation: on which peer and channel, and through which simulation."""

    def __init__(self, peer: Peer, channel: PeerChannel | None, simulation: Simulation | None) -> None:
        self.peer = peer
        self._channel = channel
        self._simulation = simulation
        self.msp_id = peer.members.msp_id

    @property
    def channel(self) -> PeerChannel:
        """Return the channel; these functions make no sense without one."""
        if self._channel is None:
            raise LifecycleRefused("no application config for channel ''")
        return self._channel

    @property
    def public(self) -> Scope:
        """Return the definitions on the channel."""
        return Scope(self._some_simulation(), LIFECYCLE)

    @property
    def own(self) -> Scope:
        """Return the collection with the approvals of this peer's organization."""
        return self.approvals(self.msp_id)

    def approvals(self, msp_id: str) -> Scope:
        """Return the collection with an organization's approvals: of others, only hashes are known."""
        return Scope(self._some_simulation(), LIFECYCLE, implicit(msp_id))

    def _some_simulation(self) -> Simulation:
        if self._simulation is None:
            raise LifecycleRefused("no application config for channel ''")
        return self._simulation
