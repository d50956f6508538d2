"""Look at the files of the instance's logs on machines: the Jobs that do so, and what they have printed."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from heddle.kube.client import Json, KubeClient
from heddle.kube.jobs import date_of_name
from heddle.logs.reading import pods_of
from heddle.network.instance import InstanceOutput
from heddle.planner.responses.model import LogFiles
from heddle.runbooks.machinejobs import image_on
from heddle.runbooks.nodelogs import listed, look_job, place_of
from heddle.runbooks.residuefacts import kubelet_settings, nodes_of, pod_logs_in
from heddle.runbooks.residueobjects import is_ours, labels_of
from heddle.versions import ORDERER_IMAGE, PEER_IMAGE, STANDIN_IMAGE

__all__ = ["Looked", "log_files", "looking_jobs", "own_pods"]

_KIND = "app.kubernetes.io/name"
_KEPT = ("containerLogMaxFiles", "containerLogMaxSize")
"""Settings of a kubelet: files of a container's log, the current one among them, and bytes of each."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Say of which run Jobs are that look at machines.

    date: of the run, as RFC 3339 has it. image: that of the Jobs; empty: one that the machine has.
    """

    machines: tuple[str, ...]
    date: str
    image: str = ""


async def own_pods(cluster: KubeClient, instance: InstanceOutput) -> list[Json]:
    """Return the pods that Heddle made for an instance; others in its namespace are none."""
    path, query = pods_of(instance)
    return [each for each in await cluster.items(path, **query) if is_ours(each, instance.name)]


async def looking_jobs(cluster: KubeClient, instance: InstanceOutput, where: Looked) -> list[Json]:
    """Return the Jobs that look at the instance's logs on those of the machines that are ready."""
    return [_look(each, instance, where) for each in await _machines(cluster, instance, where.machines)]


async def log_files(cluster: KubeClient, instance: InstanceOutput, where: Looked) -> dict[str, LogFiles]:
    """Return by machine what the Jobs that `looking_jobs` made have found.

    Raises KubeError where one of them has not ended well.
    """
    found = {}
    for each in await _machines(cluster, instance, where.machines):
        job = _look(each, instance, where)["metadata"]
        log = await cluster.log_of_job(job["namespace"], job["name"])
        files, elsewhere = listed(log, each.root, each.pods)
        found[each.name] = LogFiles(
            image=each.image(where.image),
            runtime=each.runtime,
            kept=each.kept,
            files=files,
            elsewhere=elsewhere,
        )
    return found


def _look(machine: "_Machine", instance: InstanceOutput, where: Looked) -> Json:
    place, date = place_of(instance.namespace), date_of_name(where.date)
    image = machine.image(where.image)
    return look_job(machine.name, image, machine.root, machine.pods, date=date, place=place)


class _Machine:
    """Hold a machine that is ready, its kubelet's settings, and the instance's pods on it."""

    def __init__(self, node: Json, settings: Mapping[str, object], pods: Iterable[Json]) -> None:
        self.node, self.settings = node, settings
        self.name = str(node["metadata"]["name"])
        self.pods = [each for each in pods if each["spec"].get("nodeName") == self.name]
        self.root = pod_logs_in(settings)

    def image(self, given: str) -> str:
        """Return the image of a Job: the one that is given, else one that a node on this machine runs."""
        nodes = [each for each in self.pods if labels_of(each).get(_KIND) in ("orderer", "peer")]
        own = [str(each["spec"]["containers"][0]["image"]) for each in nodes]
        return given or next(iter(own), image_on(self.node, [PEER_IMAGE, STANDIN_IMAGE, ORDERER_IMAGE]))

    @property
    def runtime(self) -> str:
        """Return its runtime as it names it, containerd://2.1.0."""
        info = (self.node.get("status") or {}).get("nodeInfo") or {}
        return str(info.get("containerRuntimeVersion", ""))

    @property
    def kept(self) -> str:
        """Return in words what its kubelet keeps of each container; empty where it does not tell."""
        files, size = (self.settings.get(name) for name in _KEPT)
        return f"its kubelet keeps up to {files} files of {size} for each container" if files and size else ""


async def _machines(
    cluster: KubeClient, instance: InstanceOutput, names: Sequence[str]
) -> tuple[_Machine, ...]:
    nodes, pods = await asyncio.gather(nodes_of(cluster, ""), own_pods(cluster, instance))
    wanted = [each for each in nodes if each["metadata"]["name"] in names]
    settings = await kubelet_settings(cluster, wanted)
    return tuple(_Machine(each, settings[each["metadata"]["name"]], pods) for each in wanted)
