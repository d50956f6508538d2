"""Hold what a runbook knows when it decides, and its decision: actions, and what a person does. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from heddle.planner.looks import Facts, PodLook
from heddle.planner.triage import Finding
from heddle.planner.volumes import ClaimFacts

__all__ = [
    "Action",
    "Closer",
    "Deed",
    "LogFile",
    "LogFiles",
    "MachineLook",
    "PodDetail",
    "Response",
    "Situation",
    "WorkloadLook",
]


class Deed(StrEnum):
    """Name what a runbook can do; each is a file of tasks of the role `incident`."""

    DELETE_POD = "delete-pod"
    """Its StatefulSet or Deployment makes it anew at once."""
    START = "start"
    """Scale a workload to 1."""
    SET_IMAGE = "set-image"
    """Put back the image that the last `up` declared."""
    SET_ASIDE = "set-aside"
    """Stop nodes, rename what is on the volume of one of them, start them. Nothing is deleted."""
    FREE = "free"
    """Delete the folders `set-aside-…` that earlier runbooks left on a volume."""
    TRIM_LOGS = "trim-logs"
    """Delete files of containers' logs on a machine, and empty others."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """Describe one action. about: the workload; words: what is done to it, and why.

    kind, container, image: of the workload. pod, uid: of its pod as it was seen: no other one is deleted.
    stops: workloads to stop, in order, so that the volume of `about` is free. folder: what of the volume is
    renamed; empty: all of it. files: paths of what is deleted, on the machine or in the pod; emptied: of
    what stays with nothing in it. partial: it helps, and does not end the incident, so nobody waits for that.
    """

    deed: Deed
    about: str
    words: str
    kind: str = "StatefulSet"
    container: str = ""
    image: str = ""
    pod: str = ""
    uid: str = ""
    stops: tuple[str, ...] = ()
    folder: str = ""
    files: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    partial: bool = False


@dataclass(frozen=True, kw_only=True)
class Response:
    """Hold a decision. lines: what was found, in more words than a finding has.

    needs: what a person has to decide or do, each with its command; nothing is guessed in their place.
    passes: the trouble ends by itself, and the runbook waits for that.
    """

    lines: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    needs: tuple[str, ...] = ()
    passes: bool = False


@dataclass(frozen=True, kw_only=True)
class WorkloadLook:
    """Describe a StatefulSet or Deployment. declared: the image of the last `up`; empty: unknown."""

    name: str
    kind: str
    replicas: int
    image: str = ""
    container: str = ""
    declared: str = ""


@dataclass(frozen=True, kw_only=True)
class PodDetail:
    """Describe a pod. log: the end of what its container said before it ended; warnings: the cluster's.

    changed: what it reads, `Secret name` or `ConfigMap name`, and somebody changed since its container ended.
    """

    name: str
    uid: str
    image: str = ""
    machine: str = ""
    always_pulls: bool = False
    restarts: int = 0
    log: str = ""
    warnings: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MachineLook:
    """Describe a machine of the cluster. Processors in cores, memory in bytes.

    requested_…: what its pods asked for. used_…: what it uses now, as its kubelet says; None: not told.
    volume_limit: volumes that it mounts at most, by the driver that allows fewest; None: no driver says.
    heaviest: its pods that use most, each with namespace, name and words.
    """

    name: str
    ready: bool = True
    cordoned: bool = False
    taints: tuple[str, ...] = ()
    images: frozenset[str] = frozenset()
    processors: float = 0
    memory: int = 0
    requested_processors: float = 0
    requested_memory: int = 0
    used_processors: float | None = None
    used_memory: int | None = None
    disk_share: float | None = None
    volumes: int = 0
    volume_limit: int | None = None
    heaviest: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class LogFile:
    """Describe a file of a container's log. path: on its machine; rotated: nobody writes to it any more."""

    pod: str
    path: str
    size: int
    rotated: bool = False


@dataclass(frozen=True, kw_only=True)
class LogFiles:
    """Describe the files of the instance's logs on a machine.

    image: what a Job there runs. runtime: as the machine names its own. kept: what its kubelet keeps of each
    container's log, in words. elsewhere: pods whose logs are links to another place.
    """

    image: str
    runtime: str = ""
    kept: str = ""
    files: tuple[LogFile, ...] = ()
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Closer:
    """Gather what a closer look at the cluster adds to the facts of `triage`.

    databases: by peer, the name of its CouchDB. grown: by node and channel, the blocks that came while it was
    watched. aside: by claim, the paths of the folders that earlier runbooks set aside on it. steps: what was
    tried on the way to something, each with what came of it. endorsements: by chaincode and channel, what
    keeps them from succeeding. logs: by machine, the files of the instance's logs.
    """

    workloads: Mapping[str, WorkloadLook] = field(default_factory=dict)
    pods: Mapping[str, PodDetail] = field(default_factory=dict)
    machines: Mapping[str, MachineLook] = field(default_factory=dict)
    claims: Mapping[str, ClaimFacts] = field(default_factory=dict)
    databases: Mapping[str, str] = field(default_factory=dict)
    orderers: tuple[str, ...] = ()
    bft: bool = False
    grown: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    watched: float = 0
    aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    endorsements: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, LogFiles] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Hold all that a runbook decides by. findings: those that are its incident; all: every one.

    free: whether somebody said that what only a person can give up may go: what was set aside, logs that are
    written to.
    """

    facts: Facts
    closer: Closer
    findings: Sequence[Finding]
    all: Sequence[Finding] = ()
    free: bool = False

    def pod_of(self, owner: str) -> PodLook | None:
        """Return the first pod of a node, database or server that is not well."""
        return next((each for each in self.facts.pods if each.owner == owner), None)

    def detail_of(self, pod: str) -> PodDetail | None:
        """Return what is known of a pod, None for one that is gone."""
        return self.closer.pods.get(pod)

    def workload_of(self, pod: PodLook) -> WorkloadLook | None:
        """Return what a pod belongs to: a server's pods have its name as prefix."""
        known = self.closer.workloads
        if pod.owner in known:
            return known[pod.owner]
        fitting = [name for name in known if pod.pod.startswith(f"{name}-")]
        return known[max(fitting, key=len)] if fitting else None

    def line(self, finding: Finding) -> str:
        """Return the command that deals with a finding, without its `--check`."""
        return finding.command.removesuffix(" --check")
