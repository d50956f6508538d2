"""Serve the address that Alertmanager posts to, and hand its alarms on; an answer waits for no runbook."""

import hmac
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from heddle.errors import RunbookError
from heddle.reaction.webhook import LARGEST, Alert, read_webhook

__all__ = ["PATH", "serve"]

PATH: Final = "/alarms"
_SECONDS: Final = 10.0
"""Seconds for a client to send its message."""


def serve(host: str, port: int, token: str, take: Callable[[Sequence[Alert]], int]) -> ThreadingHTTPServer:
    """Return a server that listens; the caller runs and closes it. Raises OSError for an address in use.

    token: what clients have to bear; empty: anybody who reaches the address may tell of alarms.
    """

    class Handler(BaseHTTPRequestHandler):
        """Takes one message."""

        timeout = _SECONDS

        def do_POST(self) -> None:
            """Answer 200 once the alarms are queued: Alertmanager posts again whatever fails by 5xx."""
            if self.path != PATH:
                self._answer(404, f"POST {PATH}")
            elif token and not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {token}"):
                self._answer(401, "the bearer's token is another one")
            else:
                self._take()

        def _take(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LARGEST:
                self._answer(413, f"a message of at most {LARGEST} bytes with its Content-Length is expected")
                return
            try:
                count = take(read_webhook(self.rfile.read(int(length))))
            except RunbookError as error:
                self._answer(400, error.message)
                return
            self._answer(200, f"{count} taken")

        def _answer(self, status: int, words: str) -> None:
            content = f"{words}\n".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the standard library's
            """Write no line for each request: what is done is told by the reactor."""

    return ThreadingHTTPServer((host, port), Handler)
