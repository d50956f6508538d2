"""Find the pods of an instance whose logs there are, and choose of them by names. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from heddle.errors import EngineError
from heddle.network.instance import InstanceOutput

__all__ = ["INSTANCE", "Choice", "Source", "choose", "missing_of", "sources_of"]

INSTANCE: Final = "app.kubernetes.io/instance"
_NODE, _SERVER = "heddle.dev/node", "heddle.dev/chaincode"
"""Labels of pods (components.labels): whose they are."""
_PACKAGE: Final = "CHAINCODE_ID"
"""Variable of a chaincode server (components.chaincode_pods): the id of its package."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Describe a pod's container whose log there is, as a list of pods shows it."""

    name: str
    """The node's name, or the chaincode server's; of several pods of one server, the pod's."""
    kind: str
    """orderer, peer, database or chaincode."""
    pod: str
    uid: str
    container: str
    chaincode: str = ""
    """The chaincode that a server serves; empty for others."""
    package: str = ""
    """The id of the package that a server serves."""
    run: str = ""
    """What tells this run of the container from its others; empty before the first."""
    running: bool = False
    waits: str = ""
    """Why the container does not run, in the cluster's words."""
    restarts: int = 0
    ended: str = ""
    """How the container's run before this one ended; empty: there was none, or nobody knows."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Hold the names of the nodes and databases, and of the chaincodes, whose logs are wanted."""

    nodes: frozenset[str]
    chaincodes: frozenset[str]

    def takes(self, source: Source) -> bool:
        """Tell whether a source is wanted."""
        if source.kind == "chaincode":
            return source.chaincode in self.chaincodes
        return source.name in self.nodes


def _kinds(instance: InstanceOutput) -> dict[str, str]:
    """Return the kinds of the instance's nodes and databases by their names."""
    return {
        **{node.name: "orderer" for node in instance.orderers},
        **{node.name: "peer" for node in instance.peers},
        **{node.state_database: "database" for node in instance.peers if node.state_database},
    }


def choose(instance: InstanceOutput, nodes: Sequence[str], chaincodes: Sequence[str]) -> Choice:
    """Return what is wanted by these names; without any, everything. Raises EngineError for unknown ones."""
    known = _kinds(instance)
    for name in nodes:
        if name not in known:
            raise EngineError(
                f"instance {instance.name} has no node or database {name!r}",
                hint=f"There is: {', '.join(known)}."
                + (f" {name} is a chaincode: --chaincode {name}" if name in instance.chaincodes else ""),
            )
    for name in chaincodes:
        instance.chaincode(name)
    every = not nodes and not chaincodes
    return Choice(
        nodes=frozenset(known if every else nodes),
        chaincodes=frozenset(instance.chaincodes if every else chaincodes),
    )


def sources_of(instance: InstanceOutput, pods: Iterable[Mapping[str, Any]]) -> list[Source]:
    """Return the sources among the pods of a namespace; those of Jobs are none."""
    kinds = _kinds(instance)
    found = [each for pod in pods if (each := _source(instance, kinds, pod))]
    names = [each.name for each in found]
    return [each if names.count(each.name) == 1 else _by_pod(each) for each in found]


def missing_of(choice: Choice, sources: Iterable[Source]) -> list[str]:
    """Return the wanted nodes, databases and chaincodes that have no pod."""
    wanted = [each for each in sources if choice.takes(each)]
    pods = {each.name for each in wanted} | {each.chaincode for each in wanted}
    return sorted((choice.nodes | choice.chaincodes) - pods)


def _by_pod(source: Source) -> Source:
    return replace(source, name=source.pod)


def _source(instance: InstanceOutput, kinds: Mapping[str, str], pod: Mapping[str, Any]) -> Source | None:
    metadata, status = pod["metadata"], pod.get("status") or {}
    labels = metadata.get("labels") or {}
    name, server = labels.get(_NODE, ""), labels.get(_SERVER, "")
    package = _package(pod) if server else ""
    chaincode = _chaincode(instance, package) if server else ""
    kind = "chaincode" if chaincode else kinds.get(name)
    if kind is None:
        return None
    container = pod["spec"]["containers"][0]["name"]
    states = {each["name"]: each for each in status.get("containerStatuses") or []}
    state = states.get(container) or {}
    now = state.get("state") or {}
    return Source(
        name=server or name,
        kind=kind,
        pod=metadata["name"],
        uid=metadata["uid"],
        container=container,
        chaincode=chaincode,
        package=package,
        run=str(state.get("containerID") or ""),
        running="running" in now,
        waits=_waits(now, status),
        restarts=int(state.get("restartCount") or 0),
        ended=_ended((state.get("lastState") or {}).get("terminated")),
    )


def _package(pod: Mapping[str, Any]) -> str:
    variables = pod["spec"]["containers"][0].get("env") or []
    return next((str(each.get("value", "")) for each in variables if each["name"] == _PACKAGE), "")


def _chaincode(instance: InstanceOutput, package: str) -> str:
    """Return the chaincode that a server serves, by its package's id; of an older version, by its label."""
    for each in instance.chaincodes.values():
        if package in each.package_ids.values():
            return each.name
    # A package's label is NAME_VERSION (heddle.topology.chaincodes), and either may hold the sign between.
    fitting = [name for name in instance.chaincodes if package.startswith(f"{name}_")]
    return max(fitting, key=len, default="")


def _waits(state: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    for word in ("waiting", "terminated"):
        if said := state.get(word):
            return " ".join(filter(None, (said.get("reason"), said.get("message")))) or word
    for each in status.get("conditions") or []:
        if (each["type"], each["status"]) == ("PodScheduled", "False"):
            return " ".join(filter(None, (each.get("reason"), each.get("message"))))
    return "" if "running" in state else "its container has not started"


def _ended(state: Mapping[str, Any] | None) -> str:
    if not state:
        return ""
    words = [str(state.get("reason") or "ended"), f"exit code {state.get('exitCode')}"]
    return ", ".join((*words, f"at {state['finishedAt']}") if state.get("finishedAt") else words)
