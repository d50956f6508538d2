"""Hand what a run knows of its stack to the playbook's modules, in a private file: it holds keys.

No secret passes through Ansible itself, so none can be in its output or its artifacts.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heddle.errors import RunbookError
from heddle.network.instance import read_access, read_instance
from heddle.network.network import Network
from heddle.network.records import write_record

__all__ = [
    "VARIABLE",
    "Approval",
    "Context",
    "Package",
    "load_context",
    "save_context",
    "write_artifact",
    "write_private",
    "write_report",
]

VARIABLE = "HEDDLE_RUNBOOK_CONTEXT"
"""Environment variable with the path of the file."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A chaincode package that the stack's last `up` installed on a peer; `content` in base64."""

    peer: str
    label: str
    package_id: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A definition that the stack's last `up` approved for an organization."""

    msp_id: str
    channel: str
    name: str
    package_id: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """A stack as a run sees it.

    `deployed` is None when the stack has no network (any more). `namespaces`: those that the stacks of this
    backend have, each with its instance's name. `claims`: names of the volume claims in the stack's state.
    """

    stack: str
    kubeconfig: str
    deployed: Network | None
    packages: tuple[Package, ...]
    approvals: tuple[Approval, ...]
    namespaces: Mapping[str, str]
    claims: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """Return the stack's network. Raises RunbookError when there is none."""
        if self.deployed is None:
            raise RunbookError(
                f"stack {self.stack!r} has no network", hint=f"Make it first: heddle up {self.stack}."
            )
        return self.deployed


def save_context(path: Path, context: Context) -> None:
    """Write what `load_context` reads, for the owner alone. It holds the keys of the network."""
    network = context.deployed
    content = {
        "stack": context.stack,
        "kubeconfig": context.kubeconfig,
        "instance": write_record(network.instance) if network else None,
        "access": write_record(network.access) if network else None,
        "packages": [vars(package) for package in context.packages],
        "approvals": [vars(approval) for approval in context.approvals],
        "namespaces": dict(context.namespaces),
        "claims": list(context.claims),
        "images": dict(context.images),
    }
    write_private(path, json.dumps(content))


def write_private(path: Path, content: str) -> None:
    """Write a new file that its owner alone can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)


def load_context() -> Context:
    """Return the context of the run that this process belongs to. Raises RunbookError outside of one."""
    path = os.environ.get(VARIABLE)
    if not path:
        raise RunbookError(
            "this module works only within a run", hint="Run the playbook by `heddle runbook run`."
        )
    data: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    instance, access = data["instance"], data["access"]
    return Context(
        stack=data["stack"],
        kubeconfig=data["kubeconfig"],
        deployed=Network(instance=read_instance(instance), access=read_access(access)) if instance else None,
        packages=tuple(Package(**each) for each in data["packages"]),
        approvals=tuple(Approval(**each) for each in data["approvals"]),
        namespaces=data["namespaces"],
        claims=tuple(data["claims"]),
        images=data["images"],
    )


def write_report(name: str, report: object) -> None:
    """Write a report as JSON among the run's artifacts, which `--artifacts` keeps."""
    write_artifact(name, json.dumps(report, indent=2) + "\n")


def write_artifact(name: str, text: str) -> None:
    """Write a file among the run's artifacts."""
    folder = Path(os.environ[VARIABLE]).parent / "artifacts"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
