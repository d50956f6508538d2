"""Keep installed chaincode packages on disk, and take them apart when they are used.

Source: core/chaincode/persistence, ccaas_builder/cmd/build/main.go (Fabric 3.1.5). Only packages of type
`ccaas` can be installed: a stand-in builds nothing.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heddle.embedded.fabric.peer.archive import ArchiveError, archive_files

__all__ = ["Connection", "Package", "PackageError", "Packages"]

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_TEMPLATE = re.compile(r"{{\s*\.(\w+)\s*}}")


class PackageError(Exception):
    """A package that cannot be installed, or is not there, in Fabric's words."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Describe the connection to a chaincode server: connection.json. Certificates and keys are PEM."""

    address: str
    dial_timeout: str = "3s"
    tls_required: bool = False
    root_certificate: bytes = b""
    client_certificate: bytes = b""
    client_key: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Package:
    """Hold an installed package: its id, its label, its connection."""

    label: str
    package_id: str
    connection: Connection


class Packages:
    """The packages below one folder, by package id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._packages: dict[str, Package] = {}
        for path in folder.glob("*.tar.gz"):
            package = _parse(path.read_bytes())
            self._packages[package.package_id] = package

    def install(self, data: bytes) -> Package:
        """Keep a package. Raises PackageError if it is broken or there already."""
        package = _parse(data)
        if package.package_id in self._packages:
            raise PackageError(
                f"chaincode already successfully installed (package ID '{package.package_id}')"
            )
        path = self._path(package.package_id)
        fresh = path.with_suffix(".new")
        try:
            fresh.write_bytes(data)
            fresh.replace(path)
        except OSError as error:  # a label may be longer than a file's name
            raise PackageError(f"could not save cc install package: {error.strerror}") from error
        self._packages[package.package_id] = package
        return package

    def get(self, package_id: str) -> Package | None:
        """Return an installed package, or None."""
        return self._packages.get(package_id)

    def all(self) -> list[Package]:
        """Return all packages, by package id."""
        return [self._packages[key] for key in sorted(self._packages)]

    def data(self, package_id: str) -> bytes:
        """Return the package's own bytes. Raises PackageError."""
        if package_id not in self._packages:
            raise PackageError(f"chaincode install package '{package_id}' not found")
        return self._path(package_id).read_bytes()

    def _path(self, package_id: str) -> Path:
        return self._folder / f"{package_id.replace(':', '.')}.tar.gz"


def _parse(data: bytes) -> Package:
    label, metadata, code = _taken_apart(data)
    if metadata.get("type") != "ccaas":
        raise PackageError(
            f"could not build chaincode: a stand-in only runs type ccaas, not {metadata.get('type')!r}"
        )
    try:
        source = archive_files(code, folders=True)
    except ArchiveError as error:
        raise PackageError(f"could not build chaincode: {error}") from error
    if "connection.json" not in source:
        raise PackageError(
            "could not build chaincode: external builder failed: external builder failed to build: "
            "external builder 'ccaas_builder' failed: exit status 1: no connection.json"
        )
    package_id = f"{label}:{hashlib.sha256(data).hexdigest()}"
    return Package(label=label, package_id=package_id, connection=_connection(source["connection.json"]))


def _taken_apart(data: bytes) -> tuple[str, dict[str, Any], bytes]:
    """Return label, metadata and code package. Raises PackageError."""
    prefix = "could not parse as a chaincode install package"
    try:
        files = archive_files(data)
    except ArchiveError as error:
        raise PackageError(f"{prefix}: {error}") from error
    if "code.tar.gz" not in files:
        raise PackageError(f"{prefix}: did not find a code package inside the package")
    if "metadata.json" not in files:
        raise PackageError(f"{prefix}: did not find any package metadata (missing metadata.json)")
    try:
        metadata = json.loads(files["metadata.json"])
        label = metadata.get("label", "")
    except (ValueError, RecursionError, AttributeError) as error:
        raise PackageError(f"{prefix}: could not unmarshal metadata.json as json: {error}") from error
    if not isinstance(label, str) or not _LABEL.fullmatch(label):
        raise PackageError(
            f"{prefix}: invalid label '{label}'. Label must be non-empty, can only consist of alphanumerics, "
            "symbols from '.+-_', and can only begin with alphanumerics"
        )
    return label, metadata, files["code.tar.gz"]


def _connection(data: bytes) -> Connection:
    try:
        content: dict[str, Any] = json.loads(data)
        return Connection(
            address=_filled(content["address"]),
            dial_timeout=_filled(content.get("dial_timeout") or "3s"),
            tls_required=_boolean(content.get("tls_required", False)),
            root_certificate=_filled(content.get("root_cert") or "").encode(),
            client_certificate=_filled(content.get("client_cert") or "").encode(),
            client_key=_filled(content.get("client_key") or "").encode(),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackageError(f"could not build chaincode: connection.json: {error}") from error


def _boolean(value: object) -> bool:
    # Upstream's builder fails on "true" in quotes, so a stand-in must as well.
    if not isinstance(value, bool):
        raise TypeError(f"json: cannot unmarshal {type(value).__name__} into a field of type bool")
    return value


def _filled(text: str) -> str:
    """Fill a Go template such as `{{.peername}}` from CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG."""
    values = json.loads(os.environ.get("CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG") or "{}")
    return _TEMPLATE.sub(lambda found: str(values[found[1]]), text)
