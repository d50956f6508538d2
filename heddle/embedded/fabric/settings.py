"""Read the `orderer.yaml` and `core.yaml` that upstream's nodes read, with the same environment overrides.

Keys are case-insensitive, an environment variable wins over the file (`ORDERER_GENERAL_LISTENPORT`,
`CORE_PEER_TLS_CERT_FILE`), relative paths start at the configuration folder.
Source: orderer/common/localconfig/config.go, core/config/config.go (Fabric 3.1.5).
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from heddle.durations import seconds
from heddle.errors import SpecError

__all__ = ["Settings", "load_settings"]

Yaml: TypeAlias = Any


def _lowered(value: Yaml) -> Yaml:
    if isinstance(value, dict):
        return {str(key).lower(): _lowered(item) for key, item in value.items()}
    return value


class Settings:
    """Read one configuration file under its environment overrides.

    Args:
        tree: what the YAML file held.
        folder: where relative paths start.
        prefix: `ORDERER` or `CORE`, of the environment overrides.
        environment: usually `os.environ`.
    """

    def __init__(self, tree: Yaml, *, folder: Path, prefix: str, environment: Mapping[str, str]) -> None:
        self._tree = _lowered(tree or {})
        self._folder = folder
        self._prefix = prefix
        self._environment = environment

    def raw(self, key: str) -> Yaml:
        """Return the value at a dotted key, or None; the environment's text wins."""
        name = f"{self._prefix}_{key.upper().replace('.', '_')}"
        if name in self._environment:
            return self._environment[name]
        value = self._tree
        for part in key.lower().split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(part)
        return value

    def text(self, key: str, default: str = "") -> str:
        """Return a string; absent or empty in the file means the default."""
        value = self.raw(key)
        return default if value is None or value == "" else str(value)

    def number(self, key: str, default: int) -> int:
        """Return a setting that is a whole number."""
        return int(self.text(key, str(default)))

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean, also from the text forms that Go's strconv.ParseBool takes."""
        return self.text(key, str(default)).lower() in {"1", "t", "true"}

    def seconds(self, key: str, default: str) -> float:
        """Return a setting that is a duration, in seconds."""
        return seconds(self.text(key, default))

    def path(self, key: str, default: str = "") -> Path | None:
        """Return a path made absolute, or None where none is set."""
        value = self.text(key, default)
        return self._folder / value if value else None

    def texts(self, key: str) -> list[str]:
        """Return a list of strings; from the environment also `[a, b]` and `a b`."""
        value = self.raw(key)
        if isinstance(value, list):
            return [str(item) for item in value]
        return re.split(r"[,\s]+", str(value).strip("[] ")) if value else []

    def contents(self, key: str, default: str = "") -> bytes:
        """Return the bytes of the file that a key names; empty when it names none.

        Raises:
            SpecError: the file cannot be read.
        """
        path = self.path(key, default)
        return _read(key, path) if path else b""

    def all_contents(self, key: str) -> bytes:
        """Return the files of a list, one after the other: a PEM bundle."""
        return b"\n".join(_read(key, self._folder / item) for item in self.texts(key))


def _read(key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SpecError(f"{key}: cannot read {path}: {error.strerror}") from error


def load_settings(file_name: str, prefix: str, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `file_name` in FABRIC_CFG_PATH (the working folder when unset).

    Raises:
        SpecError: no such file, or not YAML.
    """
    folder = Path(environment.get("FABRIC_CFG_PATH", ".")).absolute()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        tree = yaml.load((folder / file_name).read_bytes(), Loader=loader)  # noqa: S506  both are safe loaders
    except (OSError, yaml.YAMLError) as error:
        raise SpecError(
            f"{folder / file_name}: {error}", hint="Set FABRIC_CFG_PATH to the folder that holds it."
        ) from error
    return Settings(tree, folder=folder, prefix=prefix, environment=environment)
