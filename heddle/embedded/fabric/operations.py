"""Serve the operations endpoint: /healthz, /version, /metrics, /logspec.

Source: core/operations/system.go (Fabric 3.1.5). No health checker is registered, as on upstream's orderer.
"""

import asyncio
import json
import ssl
from datetime import UTC, datetime

from heddle.embedded.fabric.http import Request, Response, json_response, serve_http
from heddle.embedded.fabric.metrics import Metrics
from heddle.embedded.fabric.release import running_release

__all__ = ["serve_operations"]


async def serve_operations(
    address: str, context: ssl.SSLContext | None, metrics: Metrics, *, prometheus: bool
) -> asyncio.Server:
    """Serve on `host:port`; `/metrics` only answers when the metrics provider is `prometheus`."""
    spec = {"spec": "info"}

    async def handle(request: Request) -> Response:
        match request.method, request.path:
            case "GET", "/healthz":
                return json_response(200, {"status": "OK", "time": datetime.now(UTC).isoformat()})
            case "GET", "/version":
                return json_response(200, {"Version": running_release(), "CommitSHA": "heddle-stand-in"})
            case "GET", "/metrics" if prometheus:
                text = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
                return Response(status=200, body=metrics.render().encode(), headers=text)
            case "GET", "/logspec":
                return json_response(200, spec)
            case "PUT", "/logspec":
                return _set_spec(spec, request.body)
        return Response(status=404, body=b"404 page not found\n")

    return await serve_http(handle, address, context)


def _set_spec(spec: dict[str, str], body: bytes) -> Response:
    try:
        spec["spec"] = str(json.loads(body)["spec"])
    except (ValueError, KeyError, TypeError) as error:
        return json_response(400, {"error": f"invalid request: {error}"})
    return Response(status=204)
