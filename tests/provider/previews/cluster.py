"""An API server that knows nothing but StatefulSets whose pods are ready, unless a test says otherwise."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

NOON = "2026-11-28T12:00:00Z"
MADE = "2020-01-01T00:00:00Z"
_STATUS = {"observedGeneration": 1, "updateRevision": "1"}


class _Handler(BaseHTTPRequestHandler):
    cluster: "ReadyCluster"

    def do_GET(self) -> None:
        *_, kind, name = self.path.partition("?")[0].split("/")
        found: dict[str, Any] | None = None
        if kind == "statefulsets":
            volumes = [{"persistentVolumeClaim": {"claimName": name}}] if name in self.cluster.claims else []
            found = {
                "metadata": {"name": name, "generation": 1},
                "spec": {"template": {"spec": {"volumes": volumes}}},
                "status": _STATUS,
            }
        if kind == "pods":
            found = self.cluster.pod(name.removesuffix("-0"))
        if kind == "persistentvolumeclaims" and name in self.cluster.claims:
            found = {"metadata": {"name": name, "creationTimestamp": self.cluster.claims[name]}}
        content = json.dumps(found or {"message": "not found"}).encode()
        self.send_response(200 if found else 403 if kind == "secrets" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class ReadyCluster:
    """Use as a context manager; `kubeconfig` is what reaches it.

    `crashing` and `outdated` name nodes whose pods are not ready, or run an old template. Pods are ready
    since noon; `claims` says when those were made that pods mount. Secrets are nobody's to read.
    """

    def __init__(self) -> None:
        self.claims: dict[str, str] = {}
        self.crashing: set[str] = set()
        self.outdated: set[str] = set()

    def pod(self, name: str) -> dict[str, Any]:
        """One pod as Kubernetes describes it."""
        revision = "0" if name in self.outdated else "1"
        waiting = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}
        crashes = name in self.crashing
        return {
            "metadata": {
                "uid": name,
                "creationTimestamp": MADE,
                "labels": {"controller-revision-hash": revision},
            },
            "status": {
                "phase": "Running",
                "conditions": [
                    {"type": "Ready", "status": "False" if crashes else "True", "lastTransitionTime": NOON}
                ],
                "containerStatuses": [{"name": "peer", "state": {"waiting": waiting}}] if crashes else [],
            },
        }

    def __enter__(self) -> "ReadyCluster":
        handler = type("Handler", (_Handler,), {"cluster": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def kubeconfig(self) -> str:
        cluster = {"server": f"http://127.0.0.1:{self._server.server_port}"}
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": cluster}],
                "users": [{"name": "x", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            }
        )
