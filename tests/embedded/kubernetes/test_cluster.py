"""Real clusters: they come up, keep what they should, and leave nothing, whenever they are interrupted.

Needs root and what `heddle cluster up` needs; each cluster lives in a folder of its own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from kubernetes import client, config
from kubernetes.stream import portforward, stream
from kubernetes.utils import create_from_dict

from heddle.embedded.kubernetes.components import HOLDER
from heddle.embedded.kubernetes.down import down, leftovers
from heddle.embedded.kubernetes.images import image_names, load_image
from heddle.embedded.kubernetes.layout import Layout, layout_of
from heddle.embedded.kubernetes.processes import running
from heddle.embedded.kubernetes.status import status_of
from heddle.embedded.kubernetes.up import up
from heddle.embedded.kubernetes.waiting import wait_for
from heddle.images.archive import Image, program, write_image
from tests.embedded.kubernetes.quiet import Quiet
from tests.embedded.kubernetes.traces import traces
from tests.embedded.kubernetes.trees import tree

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

SERVER = """
import pathlib, socket
visits = pathlib.Path("/data/visits")
visits.open("a").write("x")
with socket.create_server(("0.0.0.0", 8080)) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            if connection.recv(4096):
                connection.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + visits.read_bytes())
"""

MANIFEST = """
- apiVersion: v1
  kind: Namespace
  metadata: {name: trial, labels: {pod-security.kubernetes.io/enforce: restricted}}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: data, namespace: trial}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
- apiVersion: v1
  kind: Service
  metadata: {name: server, namespace: trial}
  spec: {type: NodePort, selector: {app: server}, ports: [{port: 80, targetPort: 8080}]}
- apiVersion: apps/v1
  kind: StatefulSet
  metadata: {name: server, namespace: trial}
  spec:
    serviceName: server
    selector: {matchLabels: {app: server}}
    template:
      metadata: {labels: {app: server}}
      spec:
        securityContext:
          {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
        containers:
        - name: server
          image: localhost/heddle/trial:1
          workingDir: /data
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
          securityContext:
            {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts: [{name: data, mountPath: /data}]
        volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"""


@pytest.fixture
def cluster(clusters: Path) -> Iterator[Layout]:
    """A cluster that is up, and gone afterwards."""
    layout = layout_of("trial")
    try:
        up(layout, Quiet())
        yield layout
    finally:
        down(layout, Quiet(), purge=True)
    assert traces(layout) == []


def api(layout: Layout) -> client.ApiClient:
    """A client as the kubeconfig says."""
    return config.new_client_from_config(str(layout.kubeconfig))


def interpreter(archive: Path) -> None:
    """An image of the system's Python, which serves files."""
    base = sys.base_prefix
    executable = os.path.realpath(sys.executable)
    skip = {"test", "site-packages", "__pycache__", "idlelib", "tkinter", "ensurepip"}
    library = f"{base}/lib/python{sys.version_info.major}.{sys.version_info.minor}"
    entries = [
        *program(Path(executable), executable),
        *tree(Path(library), library, skip=lambda path: path.name in skip),
    ]
    made = Image(
        name="localhost/heddle/trial:1", layers=(tuple(entries),), command=(executable, "-I", "-c", SERVER)
    )
    write_image(made, archive)


def ready(layout: Layout) -> bool:
    """Whether the server's pod is Ready and the API server can say so."""
    pods = client.CoreV1Api(api(layout)).list_namespaced_pod("trial").items
    conditions = [c for pod in pods for c in pod.status.conditions or [] if c.type == "Ready"]
    return bool(conditions) and all(c.status == "True" for c in conditions)


def answers(layout: Layout, port: int) -> bool:
    """Whether the server answers on the node's address, as from outside."""
    try:
        return httpx.get(f"http://{status_of(layout).node}:{port}/visits", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_restricted_pod_works_and_survives_a_night(cluster: Layout, tmp_path: Path) -> None:
    """User 1000, read-only root, seccomp: it writes its claim, answers on NodePort, exec and port-forward.

    After `down` and `up` it is there again, with its data.
    """
    interpreter(tmp_path / "trial.tar")
    assert load_image(cluster, tmp_path / "trial.tar") == ["localhost/heddle/trial:1"]
    assert "localhost/heddle/trial:1" in image_names("trial")
    for body in yaml.safe_load(MANIFEST):
        create_from_dict(api(cluster), body)
    wait_for("pod", lambda: ready(cluster), seconds=60, evidence=lambda: str(pods(cluster)))
    core = client.CoreV1Api(api(cluster))
    port = core.read_namespaced_service("server", "trial").spec.ports[0].node_port
    assert 30000 <= port <= 40000
    wait_for("NodePort", lambda: answers(cluster, port), seconds=20, evidence=lambda: "")
    lookup = "import socket; print(socket.gethostbyname('server.trial'))"
    said = stream(
        core.connect_get_namespaced_pod_exec,
        "server-0",
        "trial",
        command=[os.path.realpath(sys.executable), "-I", "-c", lookup],
        stdout=True,
        stderr=True,
    )
    assert said.strip() == core.read_namespaced_service("server", "trial").spec.cluster_ip
    forwarded = portforward(core.connect_get_namespaced_pod_portforward, "server-0", "trial", ports="8080")
    socket = forwarded.socket(8080)
    socket.setblocking(True)
    socket.sendall(b"GET /visits HTTP/1.0\r\n\r\n")
    assert b"200 OK" in socket.recv(100)
    socket.close()

    down(cluster, Quiet(), purge=False)
    assert traces(cluster) == []
    assert leftovers(cluster) == []
    assert up(cluster, Quiet())
    wait_for("pod", lambda: ready(cluster) and answers(cluster, port), seconds=60, evidence=lambda: "")
    visits = httpx.get(f"http://{status_of(cluster).node}:{port}/visits").text
    assert visits == "xx"


def pods(layout: Layout) -> list[object]:
    """The pods' states, as evidence."""
    return [pod.status for pod in client.CoreV1Api(api(layout)).list_namespaced_pod("trial").items]


def test_a_second_up_changes_nothing(cluster: Layout) -> None:
    """The same processes; a component that died is started again, and no other."""
    before = {component.name: component.pid for component in status_of(cluster).components}
    assert up(cluster, Quiet()) is False
    assert {component.name: component.pid for component in status_of(cluster).components} == before
    os.kill(before["kube-scheduler"], signal.SIGKILL)
    wait_for(
        "the scheduler's end",
        lambda: running(cluster, "kube-scheduler") is None,
        seconds=30,
        evidence=lambda: "",
    )
    assert up(cluster, Quiet()) is True
    after = {component.name: component.pid for component in status_of(cluster).components}
    assert {name for name in before if before[name] != after[name]} == {"kube-scheduler"}


def test_two_clusters_stand_side_by_side(cluster: Layout) -> None:
    """Different addresses; the end of one is not felt by the other."""
    other = layout_of("other")
    try:
        up(other, Quiet())
        assert status_of(other).state == "ready"
        assert status_of(other).node != status_of(cluster).node
    finally:
        down(other, Quiet(), purge=True)
    assert traces(other) == []
    assert status_of(cluster).state == "ready"
    assert up(cluster, Quiet()) is False


MOMENTS = [
    ("… network", 0.0),
    ("… network", 0.05),
    ("… network", 0.1),
    ("… network", 0.2),
    ("… containerd", 0.0),
    ("… containerd", 0.1),
    ("… API server", 0.0),
    ("… API server", 1.5),
    ("… DNS", 0.0),
    ("… DNS", 0.1),
    ("… node", 0.0),
    ("… node", 0.7),
]


@pytest.mark.parametrize(("line", "seconds"), MOMENTS)
def test_killed_half_way_it_leaves_nothing(clusters: Path, line: str, seconds: float) -> None:
    """`kill -9` of `up` at any moment, then `down`: no process, mount, namespace, link or rule is left."""
    layout = layout_of("killed")
    command = [sys.executable, "-m", "heddle.cli.app", "cluster", "up", "--name", "killed"]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
            assert process.stdout is not None
            for said in process.stdout:
                if said.startswith(line):
                    break
            time.sleep(seconds)  # a moment within the step, not a wait
            process.kill()
    finally:
        down(layout, Quiet(), purge=True)
    assert traces(layout) == []
    assert leftovers(layout) == []
    assert not layout.folder.exists()


def test_an_up_that_was_killed_can_be_done_again(clusters: Path) -> None:
    """It goes on from what is there, and the cluster is whole."""
    layout = layout_of("again")
    command = [sys.executable, "-m", "heddle.cli.app", "cluster", "up", "--name", "again"]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
            assert process.stdout is not None
            for said in process.stdout:
                if said.startswith("… API server"):
                    break
            process.kill()
        assert up(layout, Quiet())
        assert status_of(layout).state == "ready"
    finally:
        down(layout, Quiet(), purge=True)
    assert traces(layout) == []


def test_components_whose_ids_were_never_noted_are_taken_over(cluster: Layout) -> None:
    """An `up` killed between a start and the note of its id: the next one starts no component twice."""
    before = {path.name: path.read_text() for path in cluster.pids.iterdir()}
    for name in before.keys() - {HOLDER}:
        (cluster.pids / name).unlink()
    assert up(cluster, Quiet())
    assert {path.name: path.read_text() for path in cluster.pids.iterdir()} == before
    assert status_of(cluster).state == "ready"
