"""Open a stack: its project, configuration, secrets and state."""

import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from heddle.errors import EngineError, NeedsCli
from heddle.plain import Plain, ShapeError, parse_json
from heddle.state.backend import LOG_DAYS, Backend
from heddle.state.encryption import Crypter, find_passphrase
from heddle.state.location import state_folder
from heddle.state.project import (
    Config,
    Project,
    StackFile,
    is_access_folder,
    open_project,
    open_stack_file,
    read_config,
)
from heddle.state.resource import Operation, Resource, load_resource
from heddle.state.serialization import dump
from heddle.state.takeover import taken_over

__all__ = ["Stack", "open_stack", "resources_in", "stack_backend"]

_LOG_DAYS = "logDays"
"""Key of the configuration, in the project's namespace."""
_LONGEST_LOG = 3650
_MOST = 1 << 30
"""Bytes of a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Hold one stack as it is on disk.

    `resources` come with the JSON text that the state has for them, empty where it must be written anew.
    `interrupted` are creations that a killed run left without an outcome.
    """

    name: str
    project: Project
    config: Config
    backend: Backend
    crypter: Crypter
    resources: Mapping[Resource, str] = field(default_factory=dict)
    interrupted: tuple[Operation, ...] = ()


def open_stack(
    folder: Path, name: str, *, must_exist: bool = False, config: Mapping[str, str] | None = None
) -> Stack:
    """Open a stack. `config` are values for this run alone, before those of the stack file.

    The salt of its secrets is the stack file's if it has one (the CLI writes it there), else the state's,
    else a new one that only the state will have: nothing is ever written into the checkout.

    Raises EngineError when project, passphrase or state cannot be used, also for an access folder, which has
    none of them; NeedsCli when only the CLI can.
    """
    if is_access_folder(name):
        raise EngineError(
            f"{name} is an access folder: this needs the stack's state and its passphrase",
            hint="No role gives these. Run it with the stack's name, in the checkout, where both are.",
        )
    project = open_project(folder.resolve())
    file = open_stack_file(project, name)
    file = replace(file, config={**file.config, **(config or {})})
    backend = _backend(project, name, file)
    if must_exist and not backend.exists():
        raise EngineError(f"no stack named '{name}' found", hint=_where_stacks_are(backend))
    deployment = backend.read() or {}
    state = Plain(value=deployment)
    crypter, reader = _crypters(backend, file, state)
    with _of_checkpoint(backend):
        resources = dict(
            _loaded(document, reader, as_it_is=reader is crypter) for document in _items(state, "resources")
        )
        interrupted = tuple(_interrupted(state, reader))
    return Stack(
        name=name,
        project=project,
        config=read_config(project, file, crypter.decrypt),
        backend=backend,
        crypter=crypter,
        resources=resources,
        interrupted=interrupted,
    )


def resources_in(content: bytes, source: str) -> list[Resource]:
    """Return the resources of a checkpoint that is not the stack's own, decrypted by the passphrase here.

    `source` names it in errors. Raises EngineError for a damaged one, or another passphrase.
    """
    try:
        state = parse_json(content, limit=_MOST)["checkpoint"]["latest"]
        crypter = Crypter(find_passphrase(), _state_salt(state), source=source)
        return [load_resource(document, crypter) for document in _items(state, "resources")]
    except ShapeError as error:
        raise EngineError(f"{source} is not a checkpoint: {error}") from error


def stack_backend(folder: Path, name: str) -> Backend | None:
    """Return the files of a stack's state, without its passphrase; None for an access folder, which has none.

    Raises EngineError as `open_stack` does for a project that cannot be used.
    """
    if is_access_folder(name):
        return None
    project = open_project(folder.resolve())
    return _backend(project, name, open_stack_file(project, name))


def _backend(project: Project, name: str, file: StackFile) -> Backend:
    url = os.environ.get("PULUMI_BACKEND_URL") or project.backend
    days = file.config.get(f"{project.name}:{_LOG_DAYS}", file.config.get(_LOG_DAYS, LOG_DAYS))
    if not str(days).isdecimal() or not 1 <= int(days) <= _LONGEST_LOG:
        raise EngineError(
            f"{file.path}: config.{project.name}:{_LOG_DAYS}: a whole number of days from 1 to "
            f"{_LONGEST_LOG} is expected",
            hint="It says how long `heddle log` knows what was done.",
        )
    return Backend(state_folder(url, project.folder), project.name, name, log_days=int(days))


def _where_stacks_are(backend: Backend) -> str:
    """Return the names that may have been meant, or how a stack gets its state."""
    names, place = ", ".join(backend.stacks()), backend.checkpoint.parent
    if names:
        return f"There is: {names} (in {place})."
    return f"It has no state in {place}: `heddle up` makes it, or PULUMI_BACKEND_URL names another place."


def _loaded(document: Plain, reader: Crypter, *, as_it_is: bool) -> tuple[Resource, str]:
    """Return a resource with its JSON text, empty for one that must be written anew."""
    read = load_resource(document, reader)
    resource = taken_over(read)
    return resource, dump(document.value) if as_it_is and resource is read else ""


def _crypters(backend: Backend, file: StackFile, state: Plain) -> tuple[Crypter, Crypter]:
    """Return what encrypts from now on, and what decrypts the state; the same unless their salts differ."""
    passphrase = find_passphrase()
    with _of_checkpoint(backend):
        state_salt = _state_salt(state)
    source = str(file.path) if file.salt else str(backend.checkpoint)
    crypter = Crypter(passphrase, file.salt or state_salt, source=source)
    if state_salt in ("", crypter.salt):
        return crypter, crypter
    return crypter, Crypter(passphrase, state_salt, source=str(backend.checkpoint))


@contextmanager
def _of_checkpoint(backend: Backend) -> Iterator[None]:
    """Turn what is wrong in the state into an EngineError that names the file and quotes nothing of it."""
    try:
        yield
    except NeedsCli:
        raise
    except EngineError as error:
        if str(backend.checkpoint) in error.message:
            raise
        raise backend.damaged(error.message) from error
    except ShapeError as error:
        raise backend.damaged(str(error)) from error
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError, struct.error) as error:
        raise backend.damaged(f"a value in it has an unknown shape ({type(error).__name__})") from None


def _items(deployment: Plain, key: str) -> Iterator[Plain]:
    found = deployment.get(key)
    return found.items() if found else iter(())


def _state_salt(deployment: Plain) -> str:
    """Return the salt that the state's secrets were made with; none where the state holds nothing.

    So a stack that was destroyed can be made anew under another passphrase.
    """
    if not any(True for key in ("resources", "pending_operations") for _ in _items(deployment, key)):
        return ""
    secrets = deployment.get("secrets_providers")
    kind = secrets.get("type") if secrets else None
    if kind is not None and kind.text() not in ("", "passphrase"):
        raise NeedsCli(
            f"the state's secrets are kept by {kind.text()!r}: this needs the CLI", hint="Use `pulumi`."
        )
    state = secrets.get("state") if secrets else None
    salt = state.get("salt") if state else None
    return salt.text() if salt else ""


def _interrupted(deployment: Plain, crypter: Crypter) -> list[Operation]:
    """Return the creations without an outcome; other operations are seen again by comparing."""
    return [
        Operation(resource=load_resource(document["resource"], crypter), type="creating")
        for document in _items(deployment, "pending_operations")
        if document["type"].text() == "creating"
    ]
