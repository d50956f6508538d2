"""Wait until a restarted pod is ready, or until the facts say that it never will be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

from heddle.errors import ProviderError
from heddle.kube.pods import NodePods, PodState
from heddle.waiting import poll

__all__ = ["Readiness"]

_CRASHES = 3
"""Ends of a container, seen in one wait, after which it will not run: it started at once, then 10 s later."""
_PULLING = 60.0
"""Seconds for a registry that cannot be asked to be back: Kubernetes asks at 0, 10 and 30 s."""


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Waits for the pods of StatefulSets, for `patience` seconds each time.

    clock: seconds that pass, for how long an image cannot be pulled.
    """

    pods: NodePods
    patience: float
    clock: Callable[[], float] = field(default=monotonic)

    async def settled(self, name: str) -> PodState:
        """Return a StatefulSet's pod, once the controller has seen its StatefulSet's newest template."""
        state = await poll(
            lambda _: self.pods.state(name),
            lambda state: state is not None and state.settled,
            deadline=self.patience,
        )
        if state is not None and state.settled:
            return state
        problem = "there is no such StatefulSet" if state is None else "its controller does not see it"
        raise ProviderError(f"StatefulSet {name}: {problem}", hint="Look at the cluster's controllers.")

    async def wait(self, name: str, old_uid: str, also: Callable[[PodState], Awaitable[None]]) -> None:
        """Wait until a StatefulSet's pod, another one than of `old_uid`, is ready with the newest template.

        `also`: looks at each pod that is not the old one. Raises ProviderError at the deadline, and before it
        once the pod cannot be expected to start any more.
        """
        watch = _Watch(clock=self.clock)

        async def look(_: float) -> PodState:
            state = await self.settled(name)
            if state.uid not in ("", old_uid):
                watch.see(state)
                await also(state)
            return state

        def good(state: PodState) -> bool:
            return state.good and state.uid != old_uid

        state = await poll(
            look,
            lambda state: good(state) or bool(watch.verdict),
            deadline=self.patience,
            until=lambda state: f"until pod {name}-0 is ready: {state.status}",
        )
        if not good(state):
            raise await self._error(state, watch.verdict)

    async def started_anew(self, name: str) -> str | None:
        """Delete a current pod that fails to start, and return its uid; None where there is none.

        Kubernetes would try again within five minutes only, and what kept it from starting may be mended.
        """
        state = await self.settled(name)
        if state.failure is None or state.outdated:
            return None
        await self.pods.delete(name, state.uid)
        return state.uid

    async def _error(self, state: PodState, verdict: str) -> ProviderError:
        evidence = await self.pods.evidence(state.node)
        if verdict:
            return ProviderError(
                f"pod of {state.node}: does not start: {verdict}\n{evidence}".rstrip(),
                hint="Put back what it ran before, or correct what it says, and run it again: "
                "this node restarts first.",
            )
        problem = f"pod of {state.node}: not ready after {self.patience:.0f} s: {state.status}"
        return ProviderError(
            f"{problem}\n{evidence}".rstrip(),
            hint=state.remedy or "Correct what it says, then run it again: it goes on from here.",
        )


@dataclass(kw_only=True)
class _Watch:
    """Remembers what a wait has seen of one pod. `verdict`: why it will not start, once that is clear."""

    clock: Callable[[], float]
    verdict: str = ""
    _uid: str = ""
    _crashes: int = 0
    _unpulled_since: float | None = None

    def see(self, state: PodState) -> None:
        failure = state.failure
        if state.uid != self._uid:  # ends of before count for nothing: their cause may be gone
            self._uid, self._unpulled_since = state.uid, None
            self._crashes = failure.crashes if failure else 0
        if failure is None:
            return
        if failure.crashes:
            if failure.crashes - self._crashes >= _CRASHES:
                self.verdict = f"{failure.reason}: {failure.crashes} times by now"
            return
        now = self.clock()
        if self._unpulled_since is None:
            self._unpulled_since = now
        if failure.final:
            self.verdict = failure.reason
        elif now - self._unpulled_since >= _PULLING:
            self.verdict = f"for {_PULLING:.0f} s: {failure.reason}"
