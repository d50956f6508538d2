"""Cutting a kubeconfig down to one context that can be handed on as text: files it names are read in."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

_EMBEDDED = {
    "certificate-authority": "certificate-authority-data",
    "client-certificate": "client-certificate-data",
    "client-key": "client-key-data",
}


class KubeconfigError(ValueError):
    """A kubeconfig that cannot be used. The message says what was found and what there is."""


def contexts(text: str) -> list[str]:
    """Names of the contexts in a kubeconfig. Raises KubeconfigError if it is none."""
    return sorted(_named(_parsed(text), "contexts"))


def one_context(text: str, context: str = "", *, folder: Path = Path()) -> tuple[str, str]:
    """A kubeconfig with one context and nothing else, current, and that context's name.

    Args:
        text: a kubeconfig, YAML or JSON.
        context: name of the context; empty = the current one.
        folder: where relative file names in it start.

    Raises:
        KubeconfigError: no such context, cluster or user, or a file it names cannot be read.
    """
    config = _parsed(text)
    name = context or config.get("current-context") or ""
    chosen = _pick(config, "contexts", name, "context")
    cluster = _pick(config, "clusters", chosen.get("cluster", ""), "cluster")
    user = _pick(config, "users", chosen.get("user", ""), "user")
    result = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": dict(chosen)}],
        "clusters": [{"name": chosen["cluster"], "cluster": _embedded(cluster, folder)}],
        "users": [{"name": chosen["user"], "user": _embedded(user, folder)}],
    }
    return yaml.safe_dump(result, sort_keys=True), name


def server(text: str) -> str:
    """The API server's URL in a kubeconfig of one context."""
    return str(_parsed(text)["clusters"][0]["cluster"].get("server", ""))


def _parsed(text: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise KubeconfigError(f"not YAML: {error}") from None
    if not isinstance(config, dict):
        raise KubeconfigError("not a kubeconfig")
    return config


def _named(config: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The entries of a list of `{name, <kind's singular>: {…}}`, by name."""
    try:
        return {
            entry["name"]: dict(entry.get(kind.removesuffix("s")) or {}) for entry in config.get(kind) or []
        }
    except (TypeError, KeyError, AttributeError, ValueError):
        raise KubeconfigError(f"its {kind} are not a list of names and what they stand for") from None


def _pick(config: Mapping[str, Any], kind: str, name: str, word: str) -> dict[str, Any]:
    entries = _named(config, kind)
    if name not in entries:
        there = ", ".join(sorted(entries)) or "none"
        raise KubeconfigError(f"{word} {name or '(none named)'} is not in it; there is: {there}")
    return entries[name]


def _embedded(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The entry with the files it names read in, so that it works from any folder."""
    result = dict(entry)
    for key, data_key in _EMBEDDED.items():
        if key in result:
            result[data_key] = _read(folder / result.pop(key), lambda data: base64.b64encode(data).decode())
    if "tokenFile" in result:
        result["token"] = _read(folder / result.pop("tokenFile"), lambda data: data.decode().strip())
    return result


def _read(path: Path, convert: Callable[[bytes], str]) -> str:
    try:
        return convert(path.expanduser().read_bytes())
    except OSError as error:
        raise KubeconfigError(f"{path}: {error.strerror}") from None
