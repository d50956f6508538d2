"""Act on the pods of a node and of its state database, which are one thing: neither is of use alone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from heddle.errors import HeddleError, ProviderError
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods, PodState
from heddle.provider.rollout.readiness import Readiness
from heddle.waiting import poll

__all__ = ["Pairs"]

_TELLING = 10.0
"""Seconds for a node that is ready to tell its release."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Act on the pods of nodes, each with that of its database. The fields are those of a Restarter."""

    pods: NodePods
    patience: float
    databases: Mapping[str, str]
    unfit: Callable[[Node], Awaitable[str | None]] | None

    @property
    def readiness(self) -> Readiness:
        """Return what waits for single pods."""
        return Readiness(pods=self.pods, patience=self.patience)

    def names(self, node: Node) -> tuple[str, ...]:
        """Return the names of the node's database, if it has one, and of the node."""
        database = self.databases.get(node.name)
        return (database, node.name) if database is not None else (node.name,)

    async def states(self, node: Node) -> list[PodState]:
        """Return the state of the pod of the node's database, if it has one, and of the node's own."""
        states = await asyncio.gather(*(self.readiness.settled(pod) for pod in self.names(node)))
        if (database := self.databases.get(node.name)) is not None:
            states[-1] = await self.pods.beside(states[-1], database)
        return states

    async def wait_for_database(self, node: Node) -> None:
        """Wait until a database that stays is ready: without it the node would start only to end again."""
        database, *rest = await self.states(node)
        if rest and not database.outdated:
            await self.good(database.node, "")

    async def withdraw(self, node: Node) -> list[str]:
        """Take a node's pod out of its Service, if it is outdated; return why that could not be.

        Others then wait for a few seconds for its address, which is no reason not to restart.
        """
        state = await self.readiness.settled(node.name)
        if not state.outdated:
            return []
        try:
            await self.pods.withdraw(node.name, state.uid)
        except HeddleError as error:
            return [f"{node.name}: its pod was not taken out of its Service before its end: {error.message}"]
        return []

    async def delete_outdated(self, node: Node, *, anew: bool) -> dict[str, str]:
        """Delete the outdated pods of a node and its database; return their uids by StatefulSet.

        `anew`: also the node's own, which must start anew over what its database has.
        """
        *database, own = await self.states(node)
        outdated = [
            *(state for state in database if state.outdated),
            *([own] if anew or own.outdated else ()),
        ]
        for state in outdated:
            await self.pods.delete(state.node, state.uid)
        return {state.node: state.uid for state in outdated}

    async def good(self, pod: str, old_uid: str, node: Node | None = None) -> None:
        """Wait until a StatefulSet's pod, a new one, is ready with the newest template.

        `node`: is also asked for its release, as soon as it answers: one that lacks what its channels have
        in force never becomes ready, or serves them no more.
        """
        asked = node is None or self.unfit is None

        async def ask(_: PodState) -> None:
            nonlocal asked
            asked = asked or await self._expect_fit(node)

        await self.readiness.wait(pod, old_uid, ask)
        if not asked:  # its operations endpoint may be slower than the node
            await poll(
                lambda _: self._expect_fit(node),
                bool,
                deadline=min(_TELLING, self.patience),
                until=f"until {node.name if node else pod} tells its release",
            )

    async def revive(self, nodes: Iterable[Node]) -> None:
        """Start current pods that fail to start anew, and wait until they are ready."""

        async def anew(pod: str) -> None:
            if (uid := await self.readiness.started_anew(pod)) is not None:
                await self.good(pod, uid)

        await asyncio.gather(*(anew(pod) for node in nodes for pod in self.names(node)))

    async def _expect_fit(self, node: Node | None) -> bool:
        """Tell whether a restarted node has told its release. Raises ProviderError for an unfit one."""
        words = "" if node is None or self.unfit is None else await self.unfit(node)
        if words and node is not None:
            raise ProviderError(
                f"{node.name}: with its new image it {words}",
                hint="The other outdated nodes were left as they are. Put the former image back, or name a "
                "later one, and run it again: this node restarts first.",
            )
        return words is not None
