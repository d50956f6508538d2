"""The conversation with an API server, against a small HTTP server that says what it is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import kubernetes
import pytest

from heddle.embedded.engine.kubernetes.api import Api, ApiError, ClusterUnreachable
from heddle.embedded.engine.kubernetes.connect import connect, default_namespace
from heddle.embedded.engine.kubernetes.settings import Settings, settings_of

_CUT: tuple[int, dict[str, str], Any] = (0, {}, b"")
"""Ends the connection in place of an answer."""


class Server:
    """Answers in order; each answer is (status, headers, body, or parts of a stream)."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], Any]] = []
        self.requests: list[tuple[str, str, dict[str, str], str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                server.requests.append((self.command, self.path, dict(self.headers), body))
                status, headers, answer = server.answers.pop(0)
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                if isinstance(answer, list):
                    self._stream(answer)
                    return
                data = json.dumps(answer).encode() if not isinstance(answer, bytes) else answer
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _stream(self, parts: list[bytes]) -> None:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for part in parts:
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server looks for

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def api(server: Server) -> Api:
    configuration = kubernetes.client.Configuration()
    configuration.host = server.address
    configuration.api_key = {"authorization": "token"}
    configuration.api_key_prefix = {"authorization": "Bearer"}
    return Api(kubernetes.client.ApiClient(configuration))


def test_an_object_is_applied_as_written(api: Api, server: Server) -> None:
    """By server-side apply, with its manager, as the kubeconfig's user."""
    server.answers = [(200, {}, {"kind": "ConfigMap"})]
    obj = {"kind": "ConfigMap", "data": {"a": 1}}
    answer = api.apply("/api/v1/x", obj, manager="m", force=False, dry_run=True, warn=True)
    method, path, headers, body = server.requests[0]
    assert answer == {"kind": "ConfigMap"}
    assert (method, json.loads(body)) == ("PATCH", obj)
    assert path == "/api/v1/x?fieldManager=m&force=false&fieldValidation=Warn&dryRun=All"
    assert headers["Content-Type"] == "application/apply-patch+yaml"
    assert headers["authorization"] == "Bearer token"


def test_a_refusal_is_the_servers_own_words(api: Api, server: Server) -> None:
    """With the status to decide by."""
    missing = {"message": 'namespaces "x" not found', "details": {"kind": "namespaces"}}
    server.answers = [(404, {}, missing), (500, {}, b"no JSON"), (404, {}, missing)]
    with pytest.raises(ApiError, match='namespaces "x" not found') as caught:
        api.get("/x")
    assert caught.value.namespace_missing
    with pytest.raises(ApiError, match="no JSON"):
        api.get("/x")
    assert api.find("/x") is None


def test_a_busy_server_is_asked_again(api: Api, server: Server) -> None:
    """When it says when."""
    server.answers = [(429, {"Retry-After": "0"}, {}), (200, {}, {"kind": "Pod"})]
    assert api.get("/x") == {"kind": "Pod"}
    server.answers = [(429, {}, {"message": "too many requests"})]
    with pytest.raises(ApiError, match="too many requests"):
        api.get("/x")


def test_a_watch_yields_whole_events_however_they_arrive(api: Api, server: Server) -> None:
    """Lines may be cut anywhere; an error event ends it."""
    event = json.dumps({"type": "MODIFIED", "object": {"n": 1}}).encode()
    error = json.dumps({"type": "ERROR", "object": {"code": 410}}).encode()
    server.answers = [(200, {}, [event[:7], event[7:] + b"\n" + event, b"\n" + error + b"\n", event + b"\n"])]
    seen = list(api.watch("/api/v1/pods", "n", version="5", seconds=1))
    assert seen == [("MODIFIED", {"n": 1})] * 2
    assert "fieldSelector=metadata.name%3Dn&resourceVersion=5&timeoutSeconds=1" in server.requests[0][1]


def test_a_refused_watch_ends_without_a_word(api: Api, server: Server) -> None:
    """Whoever watches reads the object again."""
    server.answers = [(403, {}, {"message": "no"})]
    assert list(api.watch("/api/v1/pods", "n", version="5", seconds=1)) == []


def test_a_read_outlives_answers_that_are_lost(api: Api, server: Server) -> None:
    """Three of them; a busy machine loses more than one."""
    server.answers = [_CUT, _CUT, _CUT, (200, {}, {"kind": "Pod"})]
    assert api.get("/x") == {"kind": "Pod"}


def test_an_unanswered_watch_ends_without_a_word(api: Api, server: Server) -> None:
    """As a refused one: whoever watches reads the object again, and is told by that."""
    server.close()
    assert list(api.watch("/api/v1/pods", "n", version="5", seconds=1)) == []


def test_no_answer_is_told_from_a_refusal(api: Api, server: Server) -> None:
    """Unreachable says nothing of any object."""
    server.close()
    with pytest.raises(ClusterUnreachable, match="no answer from the Kubernetes API server"):
        api.get("/x")


def _kubeconfig(address: str) -> dict[str, Any]:
    return {
        "current-context": "a",
        "contexts": [
            {"name": "a", "context": {"cluster": "nowhere", "user": "u"}},
            {"name": "b", "context": {"cluster": "here", "user": "u", "namespace": "mine"}},
        ],
        "clusters": [
            {"name": "here", "cluster": {"server": address}},
            {"name": "nowhere", "cluster": {"server": "http://127.0.0.1:1"}},
        ],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }


@pytest.mark.parametrize(
    ("chosen", "namespace"), [({"context": "b"}, "mine"), ({"cluster": "here"}, "default")]
)
def test_context_and_cluster_of_the_provider_choose(
    server: Server, chosen: dict[str, str], namespace: str
) -> None:
    """Over what the kubeconfig has as its current one."""
    server.answers = [(200, {}, {"major": "1"})]
    settings = settings_of({"kubeconfig": json.dumps(_kubeconfig(server.address)), **chosen}, {})
    assert connect(settings).host == server.address
    assert default_namespace(settings) == namespace


def test_the_providers_namespace_comes_first(server: Server) -> None:
    """Before the context's."""
    settings = Settings(kubeconfig=_kubeconfig(server.address), context="b", namespace="other")
    assert default_namespace(settings) == "other"
