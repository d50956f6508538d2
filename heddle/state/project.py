"""Read Pulumi.yaml and the stack's file: where the program is, and its configuration.

Source: sdk/go/common/workspace (project.go, paths.go) and sdk/go/common/resource/config of pulumi/pulumi.
Nothing here writes: the salt of the secrets, which the CLI puts into the stack file, stays in the state.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from heddle.errors import EngineError, NeedsCli

__all__ = ["Config", "Project", "StackFile", "is_access_folder", "open_project", "open_stack_file"]

_FILES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True, kw_only=True)
class Project:
    """Hold the content of Pulumi.yaml: `main` is the program's file, `stacks` the folder of stack files."""

    name: str
    folder: Path
    main: Path
    stacks: Path
    backend: str = ""
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """Hold the content of Pulumi.STACK.yaml; all empty when there is none."""

    path: Path
    salt: str = ""
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Hold a stack's configuration as the SDK wants it: strings by namespaced key (objects are JSON)."""

    values: Mapping[str, str]
    secret_keys: tuple[str, ...]


def open_project(folder: Path) -> Project:
    """Read Pulumi.yaml. Raises EngineError when it is missing or no Python project."""
    path = next((folder / name for name in _FILES if (folder / name).exists()), None)
    if path is None:
        raise EngineError(
            f"there is no Pulumi.yaml in {folder}", hint="Run this in the checkout, or give its folder."
        )
    document = _yaml(path)
    runtime = document.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python" or not isinstance(document.get("name"), str):
        raise NeedsCli(
            f"{path}: runtime {language!r}: this needs the CLI", hint="The embedded engine runs Python."
        )
    main = folder / document.get("main", ".")
    return Project(
        name=document["name"],
        folder=folder,
        main=main if main.suffix == ".py" else main / "__main__.py",
        stacks=folder / document.get("stackConfigDir", "."),
        backend=(document.get("backend") or {}).get("url") or "",
        config=document.get("config") or {},
    )


def is_access_folder(stack: str) -> bool:
    """Tell whether a command was given a folder of `heddle access grant` in place of a stack's name."""
    return "/" in stack or os.sep in stack


def open_stack_file(project: Project, stack: str) -> StackFile:
    """Read the stack's file. Raises EngineError when it is not YAML, NeedsCli for other kinds of secrets."""
    path = project.stacks / f"Pulumi.{stack}.yaml"
    document = _yaml(path) if path.exists() else {}
    salt, config = document.get("encryptionsalt") or "", document.get("config") or {}
    if not isinstance(salt, str) or not isinstance(config, dict):
        raise EngineError(f"{path}: `encryptionsalt` must be text, and `config` a mapping")
    kind = document.get("secretsprovider") or "passphrase"
    if kind not in ("passphrase", "default") or document.get("encryptedkey"):
        raise NeedsCli(
            f"{path}: secrets provider {kind!r}: this needs the CLI", hint="Passphrases work here."
        )
    if document.get("environment"):
        raise NeedsCli(f"{path}: `environment`: this needs the CLI")
    return StackFile(path=path, salt=salt, config={str(key): value for key, value in config.items()})


class _Loader(yaml.SafeLoader):
    """Refuse a key that is there twice, as Pulumi's CLI does; PyYAML keeps the last one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value} is there twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 — a SafeLoader
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        # Its own text quotes the line, which may hold what nobody should see.
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise EngineError(f"{path} is not YAML: {error.problem}{where}") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise EngineError(f"{path} is not YAML that can be read ({type(error).__name__})") from None
    if not isinstance(document, dict) and document is not None:
        raise EngineError(f"{path}: a mapping is expected, found {type(document).__name__}")
    return document or {}


def read_config(project: Project, file: StackFile, decrypt: Callable[[str], str]) -> Config:
    """Return the stack's configuration with the project's defaults, secrets decrypted."""
    given: dict[str, Any] = {}
    for key, declared in project.config.items():
        # In the project's `config` a value stands plainly, or under `value` or `default`.
        is_object = isinstance(declared, dict)
        value = declared.get("value", declared.get("default")) if is_object else declared
        if value is not None:
            given[key if ":" in key else f"{project.name}:{key}"] = value
    given |= {key if ":" in key else f"{project.name}:{key}": value for key, value in file.config.items()}
    values, secret_keys = {}, []
    for key, value in given.items():
        text, is_secret = _config_text(value, decrypt)
        values[key] = text
        if is_secret:
            secret_keys.append(key)
    return Config(values=values, secret_keys=tuple(secret_keys))


def _config_text(value: Any, decrypt: Callable[[str], str]) -> tuple[str, bool]:  # noqa: ANN401 - YAML
    """Return one value as the SDK wants it, and whether anything in it is secret."""
    found: list[bool] = []

    def reveal(node: Any) -> Any:  # noqa: ANN401 - YAML
        if isinstance(node, dict) and node.keys() == {"secure"} and isinstance(node["secure"], str):
            found.append(True)
            return decrypt(node["secure"])
        if isinstance(node, dict):
            return {str(key): reveal(item) for key, item in node.items()}
        return [reveal(item) for item in node] if isinstance(node, list) else node

    revealed = reveal(value)
    if isinstance(revealed, bool):
        return str(revealed).lower(), bool(found)
    if isinstance(revealed, dict | list):
        return json.dumps(revealed, separators=(",", ":"), default=str), bool(found)
    return "" if revealed is None else str(revealed), bool(found)
