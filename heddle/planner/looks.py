"""Hold what the checks of a running instance found, as `triage` and the runbooks judge it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heddle.planner.facts import NodeFacts

__all__ = ["FULL", "Facts", "LogsLook", "NodeLook", "PeerLook", "PodLook"]

FULL = 0.8
"""Share of a volume or disk from which it counts as full, as the alarm has it."""
_MUCH = 0.05
"""Share of a disk that logs must hold before trimming them is what helps."""


@dataclass(frozen=True, kw_only=True)
class PodLook:
    """Describe a pod that is not ready, or that restarts. `owner`: the node, database or server."""

    owner: str
    pod: str
    kind: str
    """orderer, peer, database or chaincode."""
    reason: str
    """Kubernetes' word: CrashLoopBackOff, ImagePullBackOff, Unschedulable …; empty: it is ready."""
    message: str = ""
    restarts: int = 0
    chaincode: str = ""
    steady: bool = False
    """Whether it runs well again, so that its restarts are history."""


@dataclass(frozen=True, kw_only=True)
class NodeLook:
    """Describe a node as it answered. `lost`: channels that an orderer says it does not have."""

    name: str
    kind: str
    summary: str = ""
    """The first problem in one line; empty: none."""
    problems: tuple[str, ...] = ()
    silent: bool = False
    slow: bool = False
    expired: tuple[str, ...] = ()
    renewed: bool = False
    """Whether only a restart is missing: what expired was issued anew since."""
    stateless: str = ""
    """What its database lacks of the state, in words."""
    lost: tuple[str, ...] = ()
    heights: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PeerLook:
    """Hold the verdict of rejoin-peer's preflight on a peer, and its words."""

    verdict: str
    why: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LogsLook:
    """Describe the disk of a machine, and the logs of the instance's pods on it. Bytes; pods: by name."""

    capacity: int
    used: int
    pods: Mapping[str, int] = field(default_factory=dict)

    @property
    def own(self) -> int:
        """Return what the logs of all of the instance's pods take there."""
        return sum(self.pods.values())

    def fills(self, *, freed: int = 0) -> bool:
        """Tell whether the disk is full and these logs are a reason; once so much of them has gone."""
        full = self.used - freed >= FULL * self.capacity
        return full and self.own - freed >= _MUCH * self.capacity


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Gather what all checks found. What could not be looked at is in `unknown`: check and why.

    margins: by channel how many orderers may fail (None: not known), and the words of it. clocks: seconds
    by which clocks are ahead of the API server's. machines: the cluster's that are not well. servers:
    chaincodes and the organizations for which no server of them has a pod. settings: what `doctor` says needs
    doing, as check, finding and step. volumes: by claim, which share of it is used. begun: by the workload
    that it stopped, the runbook of which a run did not end. answers: what the nodes told, whole. logs: by
    machine, what the instance's logs take there. forgot: by orderer, the channels whose log of Raft was gone
    when it started.
    """

    stack: str
    namespace: str = ""
    unreachable: str = ""
    namespace_words: str = ""
    asleep: bool = False
    killed: str = ""
    missing: tuple[str, ...] = ()
    scaled_down: tuple[str, ...] = ()
    pods: tuple[PodLook, ...] = ()
    nodes: tuple[NodeLook, ...] = ()
    peers: Mapping[str, PeerLook] = field(default_factory=dict)
    margins: Mapping[str, tuple[int | None, str]] = field(default_factory=dict)
    consenters: Mapping[str, int] = field(default_factory=dict)
    expired: tuple[str, ...] = ()
    ending: str = ""
    chaincodes: Mapping[str, str] = field(default_factory=dict)
    servers: tuple[tuple[str, str], ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    growing: tuple[str, ...] = ()
    volumes: Mapping[str, float] = field(default_factory=dict)
    begun: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[NodeFacts, ...] = ()
    forgot: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    machines: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, LogsLook] = field(default_factory=dict)
    clocks: Mapping[str, float] = field(default_factory=dict)
    backups: str = ""
    residue: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    settings: tuple[tuple[str, str, str], ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
