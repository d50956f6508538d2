"""The same things, run by Pulumi's CLI and the official provider."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from heddle.plugin.values import Secret
from tests.embedded.engine.kubernetes.things import Thing

__all__ = ["Cli"]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"

# Registers what things.json lists, in order: each depends on the one before it.
_PROGRAM = """
import json
import pathlib

import pulumi


class Any(pulumi.CustomResource):
    def __init__(self, token, name, inputs, opts):
        super().__init__(token, name, inputs, opts)


config = pulumi.Config()
settings = {"kubeconfig": config.require("kubeconfig"), "clusterIdentifier": "tests"}


class Provider(pulumi.ProviderResource):
    def __init__(self):
        super().__init__("kubernetes", "cluster", settings)


provider = Provider()
before = []
for token, name, inputs in json.loads(pathlib.Path("things.json").read_text()):
    before = [Any(token, name, inputs, pulumi.ResourceOptions(provider=provider, depends_on=before))]
"""


class Cli:
    """One project with one stack, `dev`, in a folder of its own."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self._folder = folder / "project"
        self._folder.mkdir()
        (folder / "state").mkdir()
        self._environment = {
            **os.environ,
            # The program runs on the interpreter of these tests: the CLI takes the first python3 on PATH.
            "PATH": f"{Path(sys.prefix)}/bin:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_HOME": str(folder / "home"),
        }
        (self._folder / "Pulumi.yaml").write_text("name: things\nruntime: python\n")
        (self._folder / "__main__.py").write_text(_PROGRAM)
        self.run("stack", "init", "dev")
        self.run("config", "set", "kubeconfig", str(kubeconfig))

    def write(self, program: list[Thing]) -> None:
        """Make the things the program."""
        rows = [[type_, name, _defaults(type_) | inputs] for type_, name, inputs in program]
        (self._folder / "things.json").write_text(json.dumps(rows))

    def run(self, *args: str) -> str:
        """Run the CLI; fails with its output."""
        done = subprocess.run(
            ["pulumi", *args, "--non-interactive", "--color", "never"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"pulumi {args}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def export(self) -> dict[str, Any]:
        """Return the deployment with its secrets in clear."""
        deployment: dict[str, Any] = json.loads(self.run("stack", "export", "--show-secrets"))
        return deployment

    def replace(self, deployment: dict[str, Any]) -> None:
        """Make a deployment the stack's state."""
        path = self._folder / "deployment.json"
        path.write_text(json.dumps(deployment))
        self.run("stack", "import", "--file", str(path))


def _defaults(type_: str) -> dict[str, str]:
    """Return what the SDK's classes fill in."""
    _, version, kind = type_.split(":")
    return {"apiVersion": version.removeprefix("core/"), "kind": kind}


def opened(value: Any) -> Any:
    """Return exported JSON as property values."""
    if isinstance(value, list):
        return [opened(item) for item in value]
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return Secret(opened(json.loads(value["plaintext"])))
        return {key: opened(item) for key, item in value.items()}
    return value


def closed(value: Any) -> Any:
    """Return property values as JSON that can be imported."""
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "plaintext": json.dumps(closed(value.value))}
    if isinstance(value, list):
        return [closed(item) for item in value]
    if isinstance(value, dict):
        return {key: closed(item) for key, item in value.items()}
    return value
