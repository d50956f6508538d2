"""Derive the state of an instance from facts: of its stack, its workloads, its nodes and its addresses.

Pure, as all of the planner. Operators of managed services know these states by their names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from heddle.text import counted, some

__all__ = [
    "Evidence",
    "InstanceState",
    "NamespaceFacts",
    "Run",
    "State",
    "Workload",
    "instance_state",
    "state_of_run",
]


class State(StrEnum):
    """Name the state of an instance."""

    NORMAL = "normal"
    """Everything answers as it should."""
    ABNORMAL = "abnormal"
    """Something is wrong, or a run was killed in the middle."""
    CREATING = "creating"
    """The first `up` is under way."""
    ADDING = "adding"
    """An `up` makes something that the instance did not have: a node, an organization, a chaincode."""
    UPGRADING = "upgrading"
    """An `up` changes what there is, or pods still run what was wanted before."""
    DELETING = "deleting"
    """A `destroy` is under way, or somebody else deletes the namespace."""
    HIBERNATED = "hibernated"
    """Nothing is to run: every StatefulSet and Deployment has 0 replicas."""
    ADDRESS_ABNORMAL = "address abnormal"
    """The nodes are well, but public addresses do not answer."""
    UNKNOWN = "unknown"
    """Neither the API server nor any node answers."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Describe a run that holds the stack's lock, or that was killed.

    kind: `up`, `destroy`, or another command. words: the command, by whom and since when, for people.
    """

    kind: str
    words: str


@dataclass(frozen=True, kw_only=True)
class NamespaceFacts:
    """Describe a namespace that is not simply there: gone, or being deleted since a time (RFC 3339)."""

    name: str
    leaving_since: str = ""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Count the pods of a StatefulSet or Deployment: wanted, ready, and those that run an earlier template.

    Attributes:
        there: whether the cluster has it; of one that is missing no pod is wanted by anybody.
    """

    wanted: int
    ready: int
    outdated: int = 0
    there: bool = True


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Gather what the state is derived from.

    Attributes:
        deployed: whether an `up` has ended so that the instance is known.
        running, killed: the run that holds the lock; the newest run, if it was killed.
        pending: what runs have begun and not ended, by kind: `creating`, `updating`, `deleting`.
        asleep, asleep_since: whether the last `up` let the instance sleep, and when.
        unreachable: why the API server does not answer; empty if it does, or may not tell.
        silent: whether no node told anything.
        namespace: what is wrong with the namespace; None: it is there, or nobody here may look.
        workloads: of nodes, state databases and chaincode servers, by name; empty where they are not known.
        troubles: what is wrong with nodes and chaincodes, a line each.
        addresses: public addresses that do not answer, with why, by node.
    """

    deployed: bool = True
    running: Run | None = None
    killed: Run | None = None
    pending: Mapping[str, Sequence[str]] = field(default_factory=dict)
    asleep: bool = False
    asleep_since: str = ""
    unreachable: str = ""
    silent: bool = False
    namespace: NamespaceFacts | None = None
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    troubles: Sequence[str] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class InstanceState:
    """Name the state, and why in one line."""

    state: State
    reason: str


def instance_state(facts: Evidence) -> InstanceState:
    """Return the state. A run that goes on says more than what it is just changing; the first rule counts."""
    for rule in _RULES:
        if found := rule(facts):
            return found
    count = f"; {counted(len(facts.workloads), 'workload')}" if facts.workloads else ""
    return InstanceState(state=State.NORMAL, reason=f"everything answers as it should{count}")


def state_of_run(facts: Evidence) -> InstanceState | None:
    """Tell what the run that holds the lock does; other commands than `up` and `destroy` change no state."""
    run = facts.running
    if run is None or run.kind not in _CHANGING:
        return None
    if run.kind == "destroy":
        return InstanceState(state=State.DELETING, reason=_doing(run, facts, "deleting"))
    if not facts.deployed:
        return InstanceState(state=State.CREATING, reason=_doing(run, facts, "creating"))
    if facts.pending.get("creating"):
        return InstanceState(state=State.ADDING, reason=_doing(run, facts, "creating"))
    return InstanceState(state=State.UPGRADING, reason=_doing(run, facts, "updating"))


def _was_killed(facts: Evidence) -> InstanceState | None:
    """Tell of a run that was killed: what it was doing is in the state, and the same command goes on."""
    if facts.running is not None:
        return None
    what = [f"{kind} {some(names)}" for kind, names in facts.pending.items() if names]
    if facts.killed is not None:
        doing = f" while {', '.join(what)}" if what else ""
        words = f"{facts.killed.words} was killed{doing}; {_way_on(facts.killed.kind)}"
    elif what:
        words = f"a run was killed while {', '.join(what)}; {_way_on('')}"
    else:
        return None
    return InstanceState(state=State.ABNORMAL, reason=words)


def _is_not_there(facts: Evidence) -> InstanceState | None:
    if facts.deployed:
        return None
    return InstanceState(state=State.ABNORMAL, reason="no `up` has ended yet; `heddle up` goes on")


def _is_unknown(facts: Evidence) -> InstanceState | None:
    if not (facts.unreachable and facts.silent):
        return None
    return InstanceState(state=State.UNKNOWN, reason=facts.unreachable)


def _has_no_namespace(facts: Evidence) -> InstanceState | None:
    """Tell that the namespace is gone, or goes: the one reason why nothing answers any more."""
    if (namespace := facts.namespace) is None:
        return None
    if since := namespace.leaving_since:
        words = (
            f"namespace {namespace.name} is being deleted since {since}, by nobody who holds the stack's lock"
        )
        return InstanceState(state=State.DELETING, reason=f"{words}; when it is gone, {_ANEW}")
    words = f"namespace {namespace.name} is gone, and every volume in it; {_ANEW}"
    return InstanceState(state=State.ABNORMAL, reason=words)


def _has_no_workloads(facts: Evidence) -> InstanceState | None:
    found = facts.workloads.values()
    if not found or any(each.there for each in found):
        return None
    words = (
        "its only workload is not there"
        if len(found) == 1
        else f"none of its {len(found)} workloads is there"
    )
    return InstanceState(
        state=State.ABNORMAL,
        reason=f"{words}; `heddle refresh`, then `heddle up` make them anew, on the volumes that are left",
    )


def _sleeps(facts: Evidence) -> InstanceState | None:
    found = facts.workloads.values()
    if not found or any(each.wanted or not each.there for each in found):
        return None
    reason = f"since {facts.asleep_since}; `power: on` wakes it"
    if not facts.asleep:
        # Nobody has noted what the ledgers have: somebody scaled it down by hand.
        reason = "the stack file says `power: on`: `heddle up` wakes it"
    return InstanceState(
        state=State.HIBERNATED, reason=f"{_every(list(found))} scaled to 0 replicas, {reason}"
    )


def _is_half_asleep(facts: Evidence) -> InstanceState | None:
    """Tell of workloads that run although all are to sleep, or that do not although all are to run."""
    found = facts.workloads
    wrong = [name for name, each in found.items() if each.there and bool(each.wanted) == facts.asleep]
    if not wrong:
        return None
    words = "runs although the instance is to sleep" if facts.asleep else "is scaled to 0 replicas"
    if len(wrong) > 1:
        words = "run although the instance is to sleep" if facts.asleep else "are scaled to 0 replicas"
    mends = "lets it sleep" if facts.asleep else "wakes it" if len(wrong) == 1 else "wakes them"
    return InstanceState(
        state=State.ABNORMAL,
        reason=f"{some(wrong)} of {counted(len(found), 'workload')} {words}; `heddle up` {mends}",
    )


def _is_half_changed(facts: Evidence) -> InstanceState | None:
    """Tell of pods that run an earlier template, are well, and are not being restarted."""
    outdated = [name for name, each in facts.workloads.items() if each.outdated]
    if not outdated or facts.troubles:
        return None
    words, one = f"{some(outdated)} of {counted(len(facts.workloads), 'workload')}", len(outdated) == 1
    still = f"still {'runs' if one else 'run'} an earlier template"
    return InstanceState(
        state=State.UPGRADING, reason=f"{words} {still}; `heddle up` restarts {'it' if one else 'them'}"
    )


def _is_abnormal(facts: Evidence) -> InstanceState | None:
    if not facts.troubles:
        return None
    more = len(facts.troubles) - 1
    return InstanceState(
        state=State.ABNORMAL, reason=facts.troubles[0] + (f" (and {more} more)" if more else "")
    )


def _has_silent_addresses(facts: Evidence) -> InstanceState | None:
    if not facts.addresses:
        return None
    name, why = next(iter(facts.addresses.items()))
    more = len(facts.addresses) - 1
    words = f"from this machine {name} does not answer outside: {why}"
    return InstanceState(state=State.ADDRESS_ABNORMAL, reason=words + (f" (and {more} more)" if more else ""))


_ANEW = (
    "`heddle backup restore` brings it back with its ledgers; without a backup `heddle refresh`, then "
    "`heddle up` begin anew"
)
_CHANGING = frozenset({"up", "destroy"})
"""Commands that make, change or take away the instance as a whole."""
_RULES: Sequence[Callable[[Evidence], InstanceState | None]] = (
    state_of_run,
    _was_killed,
    _is_not_there,
    _is_unknown,
    _has_no_namespace,
    _has_no_workloads,
    _sleeps,
    _is_half_asleep,
    _is_abnormal,
    _is_half_changed,
    _has_silent_addresses,
)


def _doing(run: Run, facts: Evidence, kind: str) -> str:
    names = facts.pending.get(kind, ())
    return f"{run.words}{f', {kind} {some(names)}' if names else ''}"


def _every(nodes: Sequence[object]) -> str:
    return "the only workload is" if len(nodes) == 1 else f"all {len(nodes)} workloads are"


def _way_on(kind: str) -> str:
    if kind == "destroy":
        return "`heddle destroy` goes on, `heddle up` makes anew what is gone"
    return f"the same command goes on: `heddle {kind or 'up'}`"
