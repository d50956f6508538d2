"""Merge kubeconfigs as kubectl does, and cut one down to one context, as text that works anywhere.

Files that it names, as certificates, are then read in.
"""

import base64
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from heddle.kube.impersonation import Impersonation, impersonation_of
from heddle.paths import expanded
from heddle.plain import Plain, ShapeError

_EMBEDDED = {
    "certificate-authority": "certificate-authority-data",
    "client-certificate": "client-certificate-data",
    "client-key": "client-key-data",
}
_LISTS = ("clusters", "contexts", "users")
_MOST = 4 * 1024 * 1024
"""Bytes of a kubeconfig, and of each file that it names."""


class KubeconfigError(ValueError):
    """A kubeconfig that cannot be used. The message says what was found and what there is, no credentials."""


class _Loader(yaml.SafeLoader):
    """Read plain words as words: for PyYAML `no`, `yes`, `on` and `off` are booleans, here they are names."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


class _Dumper(yaml.SafeDumper):
    """Write text so that every reader takes it for text: for Go's YAML `n` and `y` are booleans."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^[nNyY]$"), list("nNyY"))


def read_yaml(text: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """Return what a kubeconfig's text holds, no more than YAML. Raises as `yaml.safe_load` does."""
    return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader


def _written(config: Mapping[str, Any]) -> str:
    return str(yaml.dump(config, Dumper=_Dumper, sort_keys=True))


def one_context(text: str, context: str = "", *, folder: Path = Path()) -> tuple[str, str]:
    """Return a kubeconfig with one context and nothing else, current, and that context's name.

    `context` empty = the current one. Relative file names start at `folder`. Raises KubeconfigError for a
    context, cluster or user that is not there, for a file that cannot be read, and for a user who cannot be
    impersonated.
    """
    config = _parsed(text)
    name = context or _name(config.get("current-context"), "current-context")
    chosen = _pick(config, "contexts", name, "context")
    cluster_name = _name(chosen.get("cluster"), f"cluster of context {name}")
    user_name = _name(chosen.get("user"), f"user of context {name}")
    cluster = _pick(config, "clusters", cluster_name, "cluster")
    user = _pick(config, "users", user_name, "user")
    _impersonation(user, user_name)
    result = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": chosen | {"cluster": cluster_name, "user": user_name}}],
        "clusters": [{"name": cluster_name, "cluster": _embedded(cluster, folder)}],
        "users": [{"name": user_name, "user": _embedded(user, folder)}],
    }
    return _written(result), name


def default_files(environment: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """Return the files that $KUBECONFIG lists, else ~/.kube/config; some may not exist."""
    listed = (os.environ if environment is None else environment).get("KUBECONFIG", "")
    names = [name for name in listed.split(os.pathsep) if name] or ["~/.kube/config"]
    return tuple(expanded(Path(name)) for name in dict.fromkeys(names))


def merged(files: Iterable[Path]) -> str:
    """Return the kubeconfig that several files make together, by kubectl's rules, as text.

    The first file that has a cluster, a context or a user of a name has the whole of it; the first
    `current-context` counts. Names of files within count from the folder of the file that names them. Files
    that do not exist are passed over. Raises OSError if none exists or one cannot be read, and
    KubeconfigError, naming the file, for one that is no kubeconfig.
    """
    result: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": ""}
    entries: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in _LISTS}
    missing: FileNotFoundError | None = None
    read = 0
    for path in files:
        try:
            config = _parsed_file(path)
        except FileNotFoundError as error:
            missing = error
            continue
        read += 1
        result["current-context"] = result["current-context"] or config.get("current-context") or ""
        for kind in _LISTS:
            for name, entry in _named_in(path, config, kind).items():
                entries[kind].setdefault(name, entry)
    if not read and missing is not None:
        raise missing
    for kind, named in entries.items():
        result[kind] = [{"name": name, kind.removesuffix("s"): entry} for name, entry in named.items()]
    return _written(result)


def _parsed_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        return _parsed(text) if text.strip() else {}
    except (KubeconfigError, UnicodeDecodeError) as error:
        why = "it is no text" if isinstance(error, UnicodeDecodeError) else error
        raise KubeconfigError(f"{path}: {why}") from None


def _named_in(path: Path, config: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    try:
        named = _named(config, kind)
    except KubeconfigError as error:
        raise KubeconfigError(f"{path}: {error}") from None
    return {name: _absolute(entry, path.absolute().parent) for name, entry in named.items()}


def _absolute(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return an entry whose file names count from anywhere."""
    result = dict(entry)
    for key in (*_EMBEDDED, "tokenFile"):
        if isinstance(name := result.get(key), str) and name:
            result[key] = str(folder / name)
    return _with_plugin(result, folder)


def _with_plugin(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return an entry whose credential plugin is found from anywhere; a name without a slash is on PATH."""
    plugin = entry.get("exec")
    command = plugin.get("command") if isinstance(plugin, dict) else None
    if not isinstance(plugin, dict) or not isinstance(command, str) or os.sep not in command:
        return entry
    return {**entry, "exec": {**plugin, "command": str(folder.absolute() / command)}}


def server(text: str) -> str:
    """Return the API server's URL in a kubeconfig of one context. Raises KubeconfigError if there is none."""
    for cluster in _named(_parsed(text), "clusters").values():
        return _text(cluster.get("server", ""), "its server")
    raise KubeconfigError("it has no cluster")


def proxy_url(text: str) -> str:
    """Return the `proxy-url` in a kubeconfig of one context, "" if it has none."""
    for cluster in _named(_parsed(text), "clusters").values():
        return _text(cluster.get("proxy-url") or "", "its proxy-url")
    return ""


def impersonation(text: str) -> Impersonation:
    """Return as whom the user in a kubeconfig of one context acts."""
    for name, user in _named(_parsed(text), "users").items():
        return _impersonation(user, name)
    return Impersonation()


def _impersonation(user: Mapping[str, Any], name: str) -> Impersonation:
    try:
        return impersonation_of(user)
    except ShapeError as error:
        raise KubeconfigError(f"user {name}: {error}") from None


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > _MOST:
        raise KubeconfigError(f"not a kubeconfig: it has {len(text)} characters")
    try:
        config = read_yaml(text)
    except yaml.MarkedYAMLError as error:
        # The error's own text quotes the line, which may be a key or a token.
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise KubeconfigError(f"not YAML: {error.problem or error.context}{where}") from None
    except Exception as error:
        # PyYAML raises whatever int(), a date or the stack make of a value: ValueError, IndexError, …
        raise KubeconfigError(f"not YAML that can be read ({type(error).__name__})") from None
    if not isinstance(config, dict):
        raise KubeconfigError("not a kubeconfig")
    return config


def _named(config: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the entries of a list of `{name, <kind's singular>: {…}}`, by name."""
    entries = {}
    try:
        for entry in Plain(value=config.get(kind) or [], path=kind).items():
            content = entry.get(kind.removesuffix("s"))
            entries[_name(entry["name"].value, entry.path)] = dict(content.object()) if content else {}
    except ShapeError:
        raise KubeconfigError(f"its {kind} are not a list of names and what they stand for") from None
    return entries


def _name(value: Any, where: str) -> str:  # noqa: ANN401 - YAML
    """Return a name; kubectl takes numbers for text as well."""
    if isinstance(value, int) and not isinstance(value, bool) and -(10**18) < value < 10**18:
        return str(value)
    return _text(value or "", where)


def _text(value: Any, where: str) -> str:  # noqa: ANN401 - YAML
    try:
        return Plain(value=value, path=where).text()
    except ShapeError as error:
        raise KubeconfigError(str(error)) from None


def _pick(config: Mapping[str, Any], kind: str, name: str, word: str) -> dict[str, Any]:
    entries = _named(config, kind)
    if name not in entries:
        there = ", ".join(sorted(entries)) or "none"
        raise KubeconfigError(f"{word} {name or '(none named)'} is not in it; there is: {there}")
    return entries[name]


def _embedded(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the entry with the files it names read in, so that it works from any folder."""
    result = dict(entry)
    for key, data_key in _EMBEDDED.items():
        if key in result:
            name = _text(result.pop(key), key)
            result[data_key] = _read(folder, name, lambda data: base64.b64encode(data).decode())
    if "tokenFile" in result:
        name = _text(result.pop("tokenFile"), "tokenFile")
        result["token"] = _read(folder, name, lambda data: data.decode().strip())
    return _with_plugin(result, folder)


def _read(folder: Path, name: str, convert: Callable[[bytes], str]) -> str:
    path = folder / name
    try:
        with expanded(path).open("rb") as file:
            content = file.read(_MOST + 1)
        text = convert(content)
    except OSError as error:
        raise KubeconfigError(f"{path}: {error.strerror}") from None
    except ValueError as error:  # a name with a zero byte, no text
        raise KubeconfigError(f"{path}: it cannot be read ({type(error).__name__})") from None
    if len(content) > _MOST:
        raise KubeconfigError(f"{path}: at most {_MOST} bytes are expected")
    return text
