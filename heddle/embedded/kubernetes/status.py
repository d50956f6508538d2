"""Look which parts of a cluster run. Changes nothing."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from heddle.embedded.kubernetes.api import Api
from heddle.embedded.kubernetes.components import HOLDER, Programs, components
from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.prerequisites import ensure_root
from heddle.embedded.kubernetes.processes import running
from heddle.embedded.kubernetes.record import read_record

__all__ = ["ComponentStatus", "Status", "node_ready", "status_of"]


@dataclass(frozen=True, kw_only=True)
class ComponentStatus:
    """A component; `pid` 0 means that it does not run."""

    name: str
    pid: int
    memory_mb: int


@dataclass(frozen=True, kw_only=True)
class Status:
    """`state` is 'absent', 'down', 'incomplete' (some components do not run), 'not ready' or 'ready'."""

    name: str
    state: str
    node: str = ""
    kubeconfig: str = ""
    components: tuple[ComponentStatus, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the status as JSON for programs."""
        return asdict(self)


def status_of(layout: Layout) -> Status:
    """Return which of the cluster's components run, and whether its node is ready."""
    ensure_root()
    record = read_record(layout)
    if record is None:
        return Status(name=layout.name, state="absent")
    nowhere = Programs(key="", kube=Path(), coredns=Path(), pause=Path())
    found = tuple(_component(layout, name) for name in (HOLDER, *components(layout, record.block, nowhere)))
    return Status(
        name=layout.name,
        state=_state(layout, found, running=record.running),
        node=str(record.block.node),
        kubeconfig=str(layout.kubeconfig),
        components=found if record.running else (),
    )


def node_ready(api: Api, layout: Layout) -> bool:
    """Tell whether the cluster's node is Ready, by the word of the kubelet that runs now.

    After a `down` the API server still holds what the former kubelet said. So the node or its lease (which a
    new node gets only with the second heartbeat) must be newer than this kubelet's pid file.
    """
    node = api.get(f"/api/v1/nodes/{layout.name}")
    pid_file = layout.pids / "kubelet"
    if node is None or not pid_file.exists():
        return False
    lease = api.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{layout.name}") or {}
    said = (node["metadata"]["creationTimestamp"], lease.get("spec", {}).get("renewTime"))
    newest = max(datetime.fromisoformat(time).timestamp() for time in said if time)
    if newest < int(pid_file.stat().st_mtime):  # creationTimestamp has whole seconds
        return False
    conditions = node.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _state(layout: Layout, found: tuple[ComponentStatus, ...], *, running: bool) -> str:
    if not running:
        return "down"
    if not all(component.pid for component in found):
        return "incomplete"
    record = read_record(layout)
    if record is None:
        return "absent"
    with Api(layout, record.block) as api:
        return "ready" if api.answers("/readyz") and node_ready(api, layout) else "not ready"


def _component(layout: Layout, name: str) -> ComponentStatus:
    process = running(layout, name)
    if process is None:
        return ComponentStatus(name=name, pid=0, memory_mb=0)
    return ComponentStatus(name=name, pid=process.pid, memory_mb=_memory_mb(process.pid))


def _memory_mb(pid: int) -> int:
    """Return the resident memory (VmRSS) in MB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS:")), 0)
