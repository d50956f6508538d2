"""A copy of the project with a state, a passphrase and a cluster of its own, driven as a user drives it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.real.release import release_folder
from tests.shipped import shipped_text

ROOT = Path(__file__).parent.parent.parent
PARTS = ("Pulumi.yaml", "__main__.py", "components", "heddle", "provider", "templates")
BOUND = 900.0
"""Seconds after which a command counts as stuck, on a machine however busy."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a command answered."""

    code: int
    output: str


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder in which `heddle` and `pulumi` find one stack, and nothing of any other."""

    folder: Path
    stack: str
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copy(cls, folder: Path, *, stack: str, base: str) -> "Project":
        """Link the program, write the stack file `base` as it ships under the name `stack`."""
        folder.mkdir(parents=True)
        for part in PARTS:
            (folder / part).symlink_to(ROOT / part)
        (folder / ".venv").symlink_to(Path(sys.prefix))
        (folder / "state").mkdir()
        (folder / "stacks").mkdir()
        (folder / f"stacks/Pulumi.{stack}.yaml").write_text(shipped_text(base))
        environment = os.environ | {
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse battery staple",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": f"{Path(sys.prefix)}/bin:{os.environ['PATH']}",
            "COLUMNS": "200",
        }
        return cls(folder=folder, stack=stack, environment=environment)

    @property
    def stack_file(self) -> Path:
        """The file that says what this instance is."""
        return self.folder / f"stacks/Pulumi.{self.stack}.yaml"

    def edit(self, *path: str | int, value: object) -> None:
        """Set one value of `fabric:instance` in the stack file."""
        content = yaml.safe_load(self.stack_file.read_text())
        place = content["config"]["fabric:instance"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        self.stack_file.write_text(yaml.safe_dump(content, sort_keys=False))

    def value(self, *path: str | int) -> Any:
        """Return one value of `fabric:instance` in the stack file."""
        place = yaml.safe_load(self.stack_file.read_text())["config"]["fabric:instance"]
        for key in path:
            place = place[key]
        return place

    def append(self, *path: str | int, value: object) -> int:
        """Add a value to a list of `fabric:instance` in the stack file, and return its place there."""
        items = self.value(*path)
        self.edit(*path, value=[*items, value])
        return len(items)

    def edit_to_smallest(self, name: str) -> None:
        """Make it another instance: one orderer, one peer, the channel and the chaincode."""
        self.edit("name", value=name)
        self.edit("publicAddress", value="none")
        self.edit("ordering", value={"type": "raft", "nodes": 1, "batch": {"timeout": "500ms"}})
        self.edit("organizations", value=[{"name": "organization", "peers": 1}])

    def administrator(self, cluster: str) -> Path:
        """Return the kubeconfig of a local cluster's administrator."""
        return Path(self.ok("heddle", "cluster", "kubeconfig", "--name", cluster).strip())

    def run(self, *argv: str, timeout: float = BOUND) -> Result:
        """Run a command to its end; its words are kept together."""
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(code=done.returncode, output=done.stdout)

    def ok(self, *argv: str, timeout: float = BOUND) -> str:
        """Run a command that must succeed, and give its words."""
        result = self.run(*argv, timeout=timeout)
        assert result.code == 0, f"{' '.join(argv)} ended with {result.code}:\n{result.output}"
        return result.output

    def json(self, *argv: str) -> Any:
        """Run a command that prints JSON."""
        return json.loads(self.ok(*argv))

    def start(self, *argv: str) -> "subprocess.Popen[str]":
        """Start a command whose words can be read while it runs."""
        return subprocess.Popen(
            argv,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill_after(self, argv: Sequence[str], *, lines: int, of: str = "") -> int:
        """Start a command, kill it when it has told of `lines` finished steps; how many it told of.

        `of` is a word that a step's line must have to count.
        """
        seen = 0
        with self.start(*argv) as process:
            for step in finished_steps(process.stdout or ()):
                seen += of in step
                if seen >= lines:
                    process.kill()
                    break
        return seen


def fabric_release() -> Path | None:
    """Return the folder of Fabric's release on PATH; None where the run is on stand-ins."""
    found = release_folder()
    return None if isinstance(found, str) else found


def load_images(
    project: Project, folder: Path, *, cluster: str, release: Path | None, packed: Sequence[Path] = ()
) -> None:
    """Make the images of the nodes, real ones where there is a release, and of the chaincode; load them.

    `packed`: archives of Fabric's images that were made before, which then take the place of stand-ins.
    """
    project.ok("heddle", "image", "sample-chaincode", "--out", str(folder / "sample-chaincode.tar"))
    if release:
        project.ok("heddle", "image", "pack", "--from", str(release), "--out", str(folder))
    elif not packed:
        project.ok("heddle", "image", "standin", "--out", str(folder / "standin.tar"))
    for archive in [*sorted(folder.glob("*.tar")), *packed]:
        project.ok("heddle", "cluster", "load", str(archive), "--name", cluster)


def finished_steps(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    """Lines of the plain display that tell of a step that ended."""
    return (line for line in lines if " created" in line or " updated" in line)
