"""Decide what stops or starts next when an instance goes to sleep or wakes.

Asleep nothing runs, and everything stays that is needed to go on: volumes, Secrets, addresses. The order
keeps every channel whole for as long as anybody uses it: chaincode servers stop first, then peers, their
databases, and orderers last, leaders last of all. Waking goes the other way round, and nothing else starts
before every channel has a leader again. Each step follows from what is seen, so an interrupted way goes on
from anywhere.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

__all__ = ["Await", "Kind", "Scale", "Step", "Workload", "is_asleep", "sleeping_step", "waking_step"]


class Kind(IntEnum):
    """Tell what a workload runs, in the order in which they stop."""

    SERVER = 0
    PEER = 1
    DATABASE = 2
    ORDERER = 3


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Describe a StatefulSet or Deployment.

    replicas: pods that it is to have now. awake: those that it has when the instance runs.
    pods: those that there are, leaving ones among them. ready: how many of them are ready.
    leads: whether the orderer leads a channel, as far as it is known.
    """

    name: str
    kind: Kind
    replicas: int
    awake: int = 1
    pods: int = 0
    ready: int = 0
    leads: bool = False


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Give workloads another number of pods, side by side."""

    replicas: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Await:
    """Wait until the pods of workloads are gone, or ready; or until channels have a leader."""

    gone: frozenset[str] = field(default_factory=frozenset)
    ready: frozenset[str] = field(default_factory=frozenset)
    led: frozenset[str] = field(default_factory=frozenset)


Step = Scale | Await


def is_asleep(workloads: Collection[Workload]) -> bool:
    """Tell whether no workload is to have a pod."""
    return not any(each.replicas for each in workloads)


def sleeping_step(workloads: Sequence[Workload], given_up: Collection[str] = ()) -> Step | None:
    """Return the next step towards sleep; None: nothing runs any more.

    `given_up`: workloads whose pods are not waited for any longer. A pod on a machine that is off never goes,
    and must not keep the others awake.
    """
    for group in _falling_asleep(workloads):
        if up := {each.name: 0 for each in group if each.replicas}:
            return Scale(replicas=up)
        if stays := {each.name for each in group if each.pods and each.name not in given_up}:
            return Await(gone=frozenset(stays))
    return None


def waking_step(
    workloads: Sequence[Workload],
    leaderless: Collection[str],
    given_up: Collection[str] = (),
) -> Step | None:
    """Return the next step towards an instance that runs; None: everything does.

    leaderless: channels without a leader. Nothing but orderers starts before there is none of these.
    given_up: workloads that are not waited for any longer; the others can do without them.
    """
    for kind in sorted(Kind, reverse=True):
        group = [each for each in workloads if each.kind == kind]
        if down := {each.name: each.awake for each in group if each.replicas != each.awake}:
            return Scale(replicas=down)
        if kind == Kind.ORDERER and leaderless:
            return Await(led=frozenset(leaderless))
        # A peer without its database ends at once.
        if kind == Kind.DATABASE and (unready := _unready(group, given_up)):
            return Await(ready=unready)
    unready = _unready(workloads, given_up)
    return Await(ready=unready) if unready else None


def _unready(workloads: Sequence[Workload], given_up: Collection[str]) -> frozenset[str]:
    return frozenset(each.name for each in workloads if each.ready < each.awake and each.name not in given_up)


def _falling_asleep(workloads: Sequence[Workload]) -> list[list[Workload]]:
    """Return the workloads in groups, each of which stops when the one before it has."""
    groups = [[each for each in workloads if each.kind == kind] for kind in Kind if kind != Kind.ORDERER]
    orderers = [each for each in workloads if each.kind == Kind.ORDERER]
    following = [each for each in orderers if not each.leads]
    return [*groups, following, [each for each in orderers if each.leads]]
