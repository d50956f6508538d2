"""State databases of peers in the cluster, asked and hurt directly."""

import http.client
import json
import os
import signal
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import kubernetes

from heddle import couchdb
from heddle.images.couchdb import COUCHDB_ARCHIVE
from heddle.paths import cache_dir
from tests import programs
from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project

PORT = 5984


def load_couchdb(project: Project) -> None:
    """Give the cluster the image of the databases."""
    archive = cache_dir() / "images" / COUCHDB_ARCHIVE
    if not archive.exists():
        programs.unavailable(programs.COUCHDB, f"no {archive} (heddle image pack --couchdb)")
    project.ok("heddle", "cluster", "load", str(archive), "--name", CLUSTER)


class Databases:
    """The CouchDBs of one instance."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self.core = kube.core
        self.namespace = namespace

    def password(self, name: str) -> str:
        """Return the administrator's password, as the Secret has it."""
        found = self.core.read_namespaced_secret(name, self.namespace).data["password"]
        return b64decode(found).decode()

    def spoil_password(self, name: str) -> None:
        """Put another password into the Secret, as somebody's slip would."""
        data = {"password": b64encode(b"not the peer's").decode()}
        self.core.patch_namespaced_secret(name, self.namespace, {"data": data})

    def delete_password(self, name: str) -> None:
        """Delete the Secret, so that the next `up` makes it anew."""
        self.core.delete_namespaced_secret(name, self.namespace)

    def ask(
        self, name: str, path: str, body: object = None, *, method: str = "", password: str = ""
    ) -> tuple[int, Any]:
        """Return status and answer of a request to a database, as its administrator."""
        forward = kubernetes.stream.portforward(
            self.core.connect_get_namespaced_pod_portforward, f"{name}-0", self.namespace, ports=str(PORT)
        )
        socket = forward.socket(PORT)
        socket.setblocking(True)
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket
        who = b64encode(f"{couchdb.USER}:{password or self.password(name)}".encode()).decode()
        headers = {"Authorization": f"Basic {who}", "Content-Type": "application/json"}
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method or ("POST" if text else "GET"), path, body=text, headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def empty(self, name: str) -> None:
        """Delete everything in a database but its accounts, as somebody's slip would."""
        status, databases = self.ask(name, "/_all_dbs")
        assert status == http.HTTPStatus.OK, databases
        for each in databases:
            if not each.startswith("_"):
                status, said = self.ask(name, f"/{quote(each, safe='')}", method="DELETE")
                assert status == http.HTTPStatus.OK, said

    def index_of(self, name: str, database: str, selector: object) -> str:
        """Return the name of the index that a query would use."""
        status, found = self.ask(name, f"/{database}/_explain", {"selector": selector})
        assert status == http.HTTPStatus.OK, found
        return str(found["index"]["name"])

    def kill(self, name: str) -> None:
        """Kill the process of a database, which runs on this machine, without a word."""
        os.kill(self._process(f"{name}-0"), signal.SIGKILL)

    def _process(self, pod: str) -> int:
        statuses = self.core.read_namespaced_pod(pod, self.namespace).status.container_statuses or []
        container = statuses[0].container_id.partition("://")[2]
        for process in Path("/proc").glob("[0-9]*"):
            try:
                started = (process / "cmdline").read_bytes()
                group = (process / "cgroup").read_text()
            except OSError:
                continue
            if b"beam.smp" in started and container in group:
                return int(process.name)
        raise AssertionError(f"no process of {pod} on this machine")
