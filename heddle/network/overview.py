"""Say how an instance is as a whole: its state, and what it can lose, from all that is known of it."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from heddle.errors import EngineError
from heddle.network.instance import InstanceOutput
from heddle.network.network import Network, open_network
from heddle.network.status import InstanceStatus, ask_status
from heddle.network.surroundings import Surroundings, ask_surroundings
from heddle.network.work import evidence_of, read_work, run_of
from heddle.planner.instance import InstanceState, State, Workload, instance_state
from heddle.state.history import Work
from heddle.text import part_of

__all__ = ["BackupAge", "Overview", "ask_overview"]


@dataclass(frozen=True, kw_only=True)
class BackupAge:
    """Tell how old the newest backup is. Times are RFC 3339, None where there is none or nobody knows.

    words: all of it for people. newest: when it was begun. next: when the next one is due.
    missed: when the first one was due that nobody has made. overdue: one should be there that is not.
    """

    words: str
    newest: str | None = None
    next: str | None = None
    missed: str | None = None
    overdue: bool = False


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Hold the state of an instance and what was asked for it.

    `status` is None before there is an instance, and while it sleeps; `instance` only before.
    """

    name: str
    state: InstanceState
    busy: str = ""
    """The run that holds the stack's lock, in words; empty: nobody does."""
    status: InstanceStatus | None = None
    surroundings: Surroundings = field(default_factory=Surroundings)
    instance: InstanceOutput | None = None
    backups: BackupAge | None = None
    """How old the newest backup is; None where the stack file wants none."""

    @property
    def healthy(self) -> bool:
        """Tell whether everything answered, and as it should; or sleeps, as it should."""
        if self.status is None or self.surroundings.is_empty:
            return self.state.state == State.HIBERNATED
        return self.status.healthy

    @property
    def pods(self) -> str:
        """Return how many pods are ready beside those that are wanted, by kind; empty if nobody may tell."""
        found, instance = self.surroundings.workloads, self.instance
        if not found or instance is None:
            return ""
        kinds = {
            **{node.name: "orderer" for node in instance.orderers},
            **{node.name: "peer" for node in instance.peers},
            **{node.state_database: "state database" for node in instance.peers if node.state_database},
        }
        counts: dict[str, list[Workload]] = {}
        for name, each in found.items():
            counts.setdefault(kinds.get(name, "chaincode server"), []).append(each)
        return ", ".join(
            part_of(sum(each.ready for each in group), sum(each.wanted for each in group), kind)
            for kind, group in counts.items()
        )

    @property
    def missing(self) -> list[str]:
        """Return the workloads that the cluster does not have."""
        return [name for name, each in self.surroundings.workloads.items() if not each.there]

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found = self.status
        return {
            "state": str(self.state.state),
            "reason": self.state.reason,
            "running": self.busy,
            **({"pods": self._pods()} if self.surroundings.workloads else {}),
            **({"volumes": self._volumes()} if self.surroundings.volumes else {}),
            **({"backups": asdict(self.backups)} if self.backups else {}),
            **(found.plain() if found else {"healthy": self.healthy, "name": self.name}),
            **self._sleep(),
        }

    def _sleep(self) -> dict[str, Any]:
        sleep = self.instance.sleep if self.instance else None
        return {"sleep": {"since": sleep.since, "blocks": sleep.heights()}} if sleep else {}

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
    work = read_work(stack, folder)
    evidence = evidence_of(work)
    try:
        network = open_network(stack, folder)
    except EngineError:
        if work.running is None and work.killed is None and not work.pending:
            raise
        state = instance_state(replace(evidence, deployed=False))
        return Overview(name=stack, state=state, busy=_busy(work))

    status, around = asyncio.run(_ask(network, deadline))
    evidence = replace(
        evidence,
        asleep=network.instance.sleep is not None,
        asleep_since=network.instance.sleep.since if network.instance.sleep else "",
        unreachable=around.unreachable,
        silent=status is None or status.silent,
        namespace=around.namespace,
        workloads=around.workloads,
        troubles=tuple(_troubles(status)) if status else (),
        addresses=around.addresses if status else {},
    )
    return Overview(
        name=network.instance.name,
        state=instance_state(evidence),
        busy=_busy(work),
        status=status,
        surroundings=around,
        instance=network.instance,
    )


async def _ask(network: Network, deadline: float) -> tuple[InstanceStatus | None, Surroundings]:
    """Return how the nodes are, and what is around them; of an instance that sleeps, only the latter."""
    if network.instance.sleep is not None:
        around = await ask_surroundings(network, deadline=deadline)
        if around.unreachable or not any(each.wanted for each in around.workloads.values()):
            return None, around
    return await asyncio.gather(
        ask_status(network, deadline=deadline), ask_surroundings(network, deadline=deadline)
    )


def _busy(work: Work) -> str:
    run = run_of(work.running)
    return run.words if run else ""


def _troubles(status: InstanceStatus) -> Iterable[str]:
    yield from status.expired
    wrong = [(each.name, each.summary) for each in status.nodes]
    wrong += [(each.name, each.summary) for each in status.chaincodes]
    yield from (f"{name}: {summary}" for name, summary in wrong if summary)
