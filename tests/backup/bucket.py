"""A bucket on loopback that speaks as much of S3's protocol as a backup needs, and checks who asks.

Source: docs.aws.amazon.com/AmazonS3/latest/API (PutObject, GetObject, ListObjectsV2, DeleteObjects).
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

KEY = "AKIATEST"
_TIME = "2026-11-29T02:45:00.000Z"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _key(self) -> str | None:
        """The object that is asked for; None if the caller has no right, which is answered at once."""
        if f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
            self._answer(403, b"<Error><Code>InvalidAccessKeyId</Code><Message>who?</Message></Error>")
            return None
        return unquote(urlsplit(self.path).path).removeprefix("/bucket").lstrip("/")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if (key := self._key()) is not None:
            self.objects[key] = body
            self._answer(200, ETag=_tag(body))

    def do_GET(self) -> None:
        key = self._key()
        if key is None:
            return
        if not key:
            self._list(parse_qs(urlsplit(self.path).query)["prefix"][0])
        elif (body := self.objects.get(key)) is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")
        else:
            self._answer(200, body, ETag=_tag(body), Last_Modified="Sun, 29 Nov 2026 02:45:00 GMT")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self._key() is None:
            return
        # As S3 does, a key that is not there counts as deleted.
        keys = re.findall("<Key>([^<]*)</Key>", body)
        for key in keys:
            self.objects.pop(unescape(key), None)
        told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())

    def _list(self, prefix: str) -> None:
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>{_tag(body)}</ETag>"
            f"<LastModified>{_TIME}</LastModified></Contents>"
            for key, body in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        self._answer(200, f"<ListBucketResult><Name>bucket</Name>{entries}</ListBucketResult>".encode())


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@contextmanager
def running_bucket() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Run it, and give its endpoint and its objects by their keys."""

    class Handler(_Handler):
        objects: ClassVar[dict[str, bytes]] = {}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", Handler.objects
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
