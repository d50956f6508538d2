"""Jobs that a run leaves: all of its runbook go, of nothing else, and not before their pods."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from heddle.errors import RunbookError
from heddle.runbooks import sweeping
from heddle.runbooks.context import Context
from heddle.runbooks.sweeping import remove_jobs
from tests.network.samples import sample_network

LABEL = "heddle.dev/runbook"


class Api:
    """An API server with Jobs and pods; a deleted Job's pods need some more questions to end."""

    def __init__(self) -> None:
        self.jobs: dict[str, str] = {"peer0-one-blocks-d": "rejoin-peer", "other": "clean-residue"}
        self.pods: dict[str, str] = {"peer0-one-blocks-d-x": "rejoin-peer"}
        self.deleted: list[tuple[str, Any]] = []
        self.rounds = 2

    def items(self, path: str, runbook: str) -> list[dict[str, Any]]:
        if self.deleted and path.endswith("/pods"):
            self.rounds -= 1
            self.pods = self.pods if self.rounds > 0 else {}
        known = self.jobs if path.endswith("/jobs") else self.pods
        return [{"metadata": {"name": name}} for name, label in known.items() if label == runbook]

    def delete(self, path: str, body: Any) -> None:
        self.deleted.append((path, body))
        self.jobs.pop(path.rpartition("/")[2])


@pytest.fixture
def api() -> Iterator[tuple[Api, Context]]:
    """The server, and a run's context that reaches it."""
    held = Api()

    class Handler(BaseHTTPRequestHandler):
        def _asked(self) -> tuple[str, str]:
            parts = urlsplit(self.path)
            return parts.path, parse_qs(parts.query)["labelSelector"][0].removeprefix(f"{LABEL}=")

        def do_GET(self) -> None:
            self._answer({"items": held.items(*self._asked())})

        def do_DELETE(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            held.delete(urlsplit(self.path).path, body)
            self._answer({})

        def _answer(self, content: Any) -> None:
            text = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kubeconfig = yaml.safe_dump(
        {
            "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "x", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        }
    )
    context = Context(
        stack="dev",
        kubeconfig=kubeconfig,
        deployed=sample_network(),
        packages=(),
        approvals=(),
        namespaces={},
    )
    yield held, context
    server.shutdown()
    server.server_close()


def test_jobs_of_the_runbook_go_with_their_pods(api: tuple[Api, Context]) -> None:
    """The label tells whose they are; a Job goes after its pods. The smallest Role deletes no collection."""
    held, context = api

    remove_jobs(context, "rejoin-peer")

    [(path, body)] = held.deleted
    assert path.endswith(f"/namespaces/{context.network.instance.namespace}/jobs/peer0-one-blocks-d")
    assert body == {"propagationPolicy": "Foreground"}
    assert (held.jobs, held.pods) == ({"other": "clean-residue"}, {})


def test_where_nothing_is_left_nothing_is_deleted(api: tuple[Api, Context]) -> None:
    """A look costs two reads."""
    held, context = api
    held.jobs, held.pods = {}, {}

    remove_jobs(context, "rejoin-peer")

    assert held.deleted == []


def test_a_pod_that_does_not_end_is_named(api: tuple[Api, Context], monkeypatch: pytest.MonkeyPatch) -> None:
    """It may still work on the volume: nothing else may begin."""
    held, context = api
    held.rounds = 10**6
    monkeypatch.setattr(sweeping, "_SECONDS", 1.0)

    with pytest.raises(RunbookError, match="not gone after 1 s: peer0-one-blocks-d-x") as error:
        remove_jobs(context, "rejoin-peer")
    assert "run the runbook again" in str(error.value)
