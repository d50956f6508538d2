"""Make packages for chaincode as a service: the same input gives the same bytes on every machine.

A package's id holds the hash of its bytes, and approvals hold the id. So nothing here depends on the clock,
the user or the compression library: gzip with stored blocks, tar in the oldest common form.
Sources: core/chaincode/persistence/chaincode_package.go, ccaas_builder/cmd/build/main.go.
"""

import hashlib
import io
import json
import re
import struct
import tarfile
import zlib
from collections.abc import Mapping

from heddle.errors import FabricError

__all__ = ["chaincode_package", "package_id"]

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_STORED_BYTES = 65535
"""Largest stored block of DEFLATE (RFC 1951, 3.2.4)."""


def chaincode_package(
    label: str, address: str, tls_root: bytes, metadata: Mapping[str, str] | None = None
) -> bytes:
    """Make a package that sends peers to the chaincode server at `address` ("host:port").

    Peers verify the server against `tls_root` (PEM); its certificate must carry the host of the address.
    `metadata` are files META-INF/… by their paths: the builder hands them to the peer, for its indexes.
    Raises FabricError for a label that peers refuse.
    """
    if not _LABEL.fullmatch(label):
        raise FabricError(
            f"chaincode package label {label!r}: not allowed",
            hint="Begin with a letter or digit, then letters, digits and any of _ . + -",
        )
    connection = {
        "address": address,
        "dial_timeout": "10s",
        # Booleans: the strings that Fabric's documentation shows do not parse.
        "tls_required": True,
        "client_auth_required": False,
        "root_cert": tls_root.decode(),
    }
    about = {"path": "", "type": "ccaas", "label": label}
    files = {path: content.encode() for path, content in sorted((metadata or {}).items())}
    code = _gzip(_tar({"connection.json": _json(connection), **files}))
    return _gzip(_tar({"metadata.json": _json(about), "code.tar.gz": code}))


def package_id(label: str, package: bytes) -> str:
    """Return the id that a peer will give a package: label and SHA-256 of the bytes."""
    return f"{label}:{hashlib.sha256(package).hexdigest()}"


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)  # regular file, mode 0644, owner 0:0, time 0
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _gzip(content: bytes) -> bytes:
    """Wrap bytes as RFC 1952 in stored blocks, so that no version of a compressor decides about them."""
    pieces = [content[start : start + _STORED_BYTES] for start in range(0, len(content) or 1, _STORED_BYTES)]
    blocks = b"".join(
        struct.pack("<BHH", number == len(pieces) - 1, len(piece), len(piece) ^ 0xFFFF) + piece
        for number, piece in enumerate(pieces)
    )
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # DEFLATE, no flags, no time, no system
    return header + blocks + struct.pack("<II", zlib.crc32(content), len(content))
