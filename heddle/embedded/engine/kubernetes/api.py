"""Send and receive raw JSON of an API server, through the official client's connections and credentials.

Everything here blocks and is called in threads.
"""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient

from heddle.embedded.engine.kubernetes.objects import Json, at
from heddle.errors import ProviderError
from heddle.kube.impersonation import Impersonation
from heddle.kube.proxies import proxy_name

__all__ = ["Api", "ApiError", "ClusterUnreachable"]

_CONNECT = 10.0
_READ = 60.0
_BUSY = (429, 503)
_BUSY_TRIES = 8
_LEAST_WATCH = 0.2
# A request may be sent again: reads, applications and deletions by name are all idempotent. A read goes on
# for longer, so that an API server that begins anew ends no run.
_WRITES = urllib3.Retry(
    connect=2,
    read=1,
    redirect=0,
    status=0,
    allowed_methods=None,
    respect_retry_after_header=False,  # _json does, and gives the server's words in the end
    backoff_factor=0.2,
)
_READS = _WRITES.new(connect=4, read=3, backoff_factor=0.25)
_NOBODY = Impersonation()


class ApiError(ProviderError):
    """Report that the API server refused. `status` is its HTTP status, `body` its Status object."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(str(body.get("message") or f"the API server answered with status {status}"))
        self.status = status
        self.body = body

    @property
    def not_found(self) -> bool:
        """Tell whether the object, its namespace or its kind does not exist."""
        return self.status == 404

    @property
    def namespace_missing(self) -> bool:
        """Tell whether the namespace does not exist."""
        return self.not_found and at(self.body, "details", "kind") == "namespaces"

    @property
    def kind_missing(self) -> bool:
        """Tell whether the server does not know the kind: of an object that is not found, it says which."""
        return self.not_found and not at(self.body, "details", "kind")

    @property
    def already_exists(self) -> bool:
        """Tell whether there is such an object already."""
        return self.status == 409 and self.body.get("reason") == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        """Tell whether another field manager owns what was to be changed."""
        return self.status == 409 and not self.already_exists

    @property
    def forbidden(self) -> bool:
        """Tell whether the kubeconfig's user may not do this."""
        return self.status == 403

    @property
    def passing(self) -> bool:
        """Tell whether the API server could not answer just now: that says nothing of the object."""
        return self.status in _BUSY or self.status >= 500

    @property
    def immutable(self) -> bool:
        """Tell whether a field cannot be changed in place."""
        return self.status == 422 and "field is immutable" in self.message


class ClusterUnreachable(ProviderError):  # noqa: N818 - a state of the world
    """Report that the API server did not answer: nothing is known of any object."""


class Api:
    """Talk to one API server. Thread-safe; `stop` makes waits end early."""

    def __init__(self, client: ApiClient, impersonation: Impersonation = _NOBODY) -> None:
        self._client = client
        self._impersonation = impersonation
        self._pool = client.rest_client.pool_manager
        self.host = str(client.configuration.host)
        self._proxy = str(client.configuration.proxy or "")
        self.stop = threading.Event()

    def get(self, path: str, **query: str) -> Json:
        """Read one object or a list."""
        return self._json("GET", path, query)

    def find(self, path: str) -> Json | None:
        """Read one object, None when there is none."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def apply(self, path: str, obj: Json, *, manager: str, force: bool, dry_run: bool, warn: bool) -> Json:
        """Create or change an object by server-side apply and return it."""
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        if warn:
            query["fieldValidation"] = "Warn"
        if dry_run:
            query["dryRun"] = "All"
        return self._json("PATCH", path, query, body=obj, content_type="application/apply-patch+yaml")

    def delete(self, path: str, *, propagation: str) -> None:
        """Ask for an object's deletion."""
        self._json("DELETE", path, {"propagationPolicy": propagation})

    def watch(self, collection: str, name: str, *, version: str, seconds: int) -> Iterator[tuple[str, Json]]:
        """Yield (ADDED | MODIFIED | DELETED, object) for one object, for some seconds.

        Ends early when the server ends it, does not answer, or says that the version is too old: then read
        the object again.
        """
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        began = time.monotonic()
        with contextlib.suppress(ClusterUnreachable):
            response = self._send("GET", collection, query, None, "")
            try:
                for event in _lines(response):
                    if event.get("type") not in ("ADDED", "MODIFIED", "DELETED"):
                        break
                    yield str(event["type"]), event["object"]
            finally:
                response.close()
        if time.monotonic() - began < _LEAST_WATCH:
            self.stop.wait(_LEAST_WATCH)  # it was refused: whoever watches in a loop must not spin

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Json | None = None,
        content_type: str = "",
    ) -> Json:
        for attempt in range(_BUSY_TRIES):
            response = self._send(method, path, query, body, content_type)
            answer = _parsed(response.data)
            if response.status in _BUSY and response.headers.get("Retry-After") and attempt < _BUSY_TRIES - 1:
                self.stop.wait(min(float(response.headers["Retry-After"]), 2.0**attempt))
                continue
            if response.status >= 400:
                raise ApiError(response.status, answer)
            return answer
        raise AssertionError("the last try answers or raises")

    def _send(
        self, method: str, path: str, query: Mapping[str, str], body: Json | None, kind: str
    ) -> urllib3.BaseHTTPResponse:
        headers = urllib3.HTTPHeaderDict({"Accept": "application/json", "User-Agent": "heddle"})
        if body is not None:
            headers["Content-Type"] = kind
        for setting in self._client.configuration.auth_settings().values():
            headers[setting["key"]] = setting["value"]
        for name, value in self._impersonation.headers():
            headers.add(name, value)
        try:
            return self._pool.request(
                method,
                f"{self.host}{path}" + (f"?{urlencode(query)}" if query else ""),
                body=None if body is None else json.dumps(body),
                headers=headers,
                timeout=urllib3.Timeout(connect=_CONNECT, read=_READ),
                retries=_READS if method == "GET" else _WRITES,
                preload_content="watch" not in query,
            )
        except urllib3.exceptions.HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise ClusterUnreachable(
                f"no answer from the Kubernetes API server {self.host}"
                + (f" through the proxy {proxy_name(self._proxy)}: {cause}" if self._proxy else f": {cause}"),
                hint="Is the cluster up, and is the kubeconfig the right one? Try: kubectl version."
                + (" What needs no proxy belongs into NO_PROXY." if self._proxy else ""),
            ) from error


def _parsed(data: bytes) -> Json:
    try:
        answer = json.loads(data)
    except ValueError:
        return {"message": data.decode(errors="replace").strip()}
    return answer if isinstance(answer, dict) else {"message": str(answer)}


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[Json]:
    """Yield the JSON object of each line; a connection that breaks only ends the stream."""
    if response.status >= 400:
        return
    rest = b""
    try:
        for chunk in response.stream(65536, decode_content=True):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (json.loads(line) for line in lines if line.strip())
    except (urllib3.exceptions.HTTPError, OSError):
        return
