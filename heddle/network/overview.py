"""Say how an instance is as a whole: its state, and what it can lose, from all that is known of it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heddle.errors import EngineError
from heddle.network.network import open_network
from heddle.network.status import InstanceStatus, ask_status
from heddle.network.surroundings import Surroundings, ask_surroundings
from heddle.planner.instance import Evidence, InstanceState, Run, instance_state
from heddle.state.history import Work, work_on
from heddle.state.log import Act
from heddle.state.stack import stack_backend

__all__ = ["Overview", "ask_overview"]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Hold the state of an instance and what was asked for it.

    `status` is None before there is an instance.
    """

    name: str
    state: InstanceState
    busy: str = ""
    """The run that holds the stack's lock, in words; empty: nobody does."""
    status: InstanceStatus | None = None
    surroundings: Surroundings = field(default_factory=Surroundings)

    @property
    def healthy(self) -> bool:
        """Tell whether everything answered, and as it should."""
        return self.status is not None and self.status.healthy

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found = self.status
        return {
            "state": str(self.state.state),
            "reason": self.state.reason,
            "running": self.busy,
            **({"pods": self._pods()} if self.surroundings.workloads else {}),
            **({"volumes": self._volumes()} if self.surroundings.volumes else {}),
            **(found.plain() if found else {"healthy": False, "name": self.name}),
        }

    def _volumes(self) -> dict[str, dict[str, Any]]:
        return {
            name: {"size": each.requested, "capacity": each.capacity, "conditions": list(each.conditions)}
            for name, each in self.surroundings.volumes.items()
        }

    def _pods(self) -> dict[str, dict[str, int]]:
        return {name: dict(vars(each)) for name, each in self.surroundings.workloads.items()}


def ask_overview(stack: str, folder: Path, *, deadline: float) -> Overview:
    """Ask for everything that `heddle status` tells of a stack, or of an access folder.

    Raises EngineError for a stack that does not exist, and for one without an instance that nobody makes.
    """
    work = _work(stack, folder)
    evidence = _evidence(work)
    try:
        network = open_network(stack, folder)
    except EngineError:
        if work.running is None and work.killed is None and not work.pending:
            raise
        state = instance_state(replace(evidence, deployed=False))
        return Overview(name=stack, state=state, busy=_busy(work))

    async def ask() -> tuple[InstanceStatus, Surroundings]:
        return await asyncio.gather(
            ask_status(network, deadline=deadline), ask_surroundings(network, deadline=deadline)
        )

    status, around = asyncio.run(ask())
    evidence = replace(
        evidence,
        unreachable=around.unreachable,
        silent=status.silent,
        workloads=around.workloads,
        troubles=tuple(_troubles(status)),
        addresses=around.addresses,
    )
    return Overview(
        name=status.name,
        state=instance_state(evidence),
        busy=_busy(work),
        status=status,
        surroundings=around,
    )


def _work(stack: str, folder: Path) -> Work:
    backend = stack_backend(folder, stack)
    return work_on(backend) if backend is not None else Work()


def _evidence(work: Work) -> Evidence:
    pending: dict[str, list[str]] = {}
    for kind, name in work.pending:
        pending.setdefault(kind, []).append(name)
    return Evidence(running=_run(work.running), killed=_run(work.killed), pending=pending)


def _run(act: Act | None) -> Run | None:
    if act is None:
        return None
    # The CLI's lock does not say what it runs: a change of the stack, as far as anybody knows.
    kind = "up" if act.tool == "pulumi" else act.verb
    since = datetime.fromtimestamp(act.started, UTC)
    return Run(kind=kind, words=f"`{act.what}` by {act.who or 'somebody'} since {since:%Y-%m-%d %H:%M} UTC")


def _busy(work: Work) -> str:
    run = _run(work.running)
    return run.words if run else ""


def _troubles(status: InstanceStatus) -> Iterable[str]:
    yield from status.expired
    wrong = [(each.name, each.summary) for each in status.nodes]
    wrong += [(each.name, each.summary) for each in status.chaincodes]
    yield from (f"{name}: {summary}" for name, summary in wrong if summary)
