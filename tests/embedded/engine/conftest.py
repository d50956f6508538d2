"""A small project on a fake provider, its state in a folder of its own."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from heddle.embedded.engine.engine import Engine, Outcome
from heddle.embedded.engine.events import Event, Message, Op, Phase, Step
from heddle.plugin.interface import Severity
from tests.embedded.engine.fake import World

HOUSE = Path(__file__).parents[3]
PRELUDE = """
import pulumi

class Thing(pulumi.CustomResource):
    made: pulumi.Output[str]
    def __init__(self, name, props=None, opts=None):
        super().__init__("test:index:Thing", name, {"made": None, "pin": None, **(props or {})}, opts)

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Group", name, None, opts)
        self.register_outputs({"name": name})
"""


class Lab:
    """A project, its world, and its engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(folder / "world.json")
        self.events: list[Event] = []
        self.packages: tuple[str, ...] = ("test",)
        (folder / "Pulumi.yaml").write_text("name: lab\nruntime: python\nstackConfigDir: stacks\n")
        (folder / "stacks").mkdir()

    def program(self, body: str) -> None:
        (self.folder / "__main__.py").write_text(PRELUDE + textwrap.dedent(body))

    def stack_file(self, text: str) -> None:
        (self.folder / "stacks" / "Pulumi.dev.yaml").write_text(textwrap.dedent(text))

    def share(self, provider: str, serving: str) -> None:
        """Make it a project of the CLI as well, with a plugin that serves the provider by these lines."""
        environment = Path(sys.prefix)
        (self.folder / "Pulumi.yaml").write_text(
            f"name: lab\nruntime: {{name: python, options: {{virtualenv: {environment}}}}}\n"
            "stackConfigDir: stacks\n"
            f"plugins: {{providers: [{{name: {provider}, path: plugin}}]}}\n"
        )
        (self.folder / "plugin").mkdir()
        (self.folder / "plugin/PulumiPlugin.yaml").write_text(
            f"runtime: {{name: python, options: {{virtualenv: {environment}}}}}\n"
        )
        (self.folder / "plugin/__main__.py").write_text(
            f"import sys; sys.path.insert(0, {str(HOUSE)!r})\n"
            f"from heddle.plugin.server import serve\n{textwrap.dedent(serving)}"
        )

    def engine(self, *, parallel: int = 16) -> Engine:
        self.events.clear()
        factories = dict.fromkeys(self.packages, self.world.factory())
        return Engine(self.folder, "dev", factories, sink=self.events.append, parallel=parallel)

    async def up(self) -> Outcome:
        return await self.engine().up()

    async def preview(self) -> Outcome:
        return await self.engine().preview()

    async def destroy(self) -> Outcome:
        return await self.engine().destroy()

    def steps(self, phase: Phase = Phase.DONE) -> dict[str, list[Op]]:
        """What happened, by name."""
        found: dict[str, list[Op]] = {}
        for event in self.events:
            if isinstance(event, Step) and event.phase is phase and not event.internal:
                found.setdefault(event.urn.rpartition("::")[2], []).append(event.op)
        return found

    def messages(self) -> list[str]:
        said = [event for event in self.events if isinstance(event, Message)]
        return [event.text for event in said if event.severity is not Severity.DEBUG]

    @property
    def checkpoint(self) -> Path:
        return self.folder / "state" / ".pulumi" / "stacks" / "lab" / "dev.json"


async def up(lab: Lab, program: str) -> dict[str, list[Op]]:
    """Run a program to success; return what happened by name."""
    lab.program(program)
    outcome = await lab.up()
    assert not outcome.failed, lab.messages()
    return lab.steps()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'state'}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    return Lab(tmp_path)


@pytest.fixture
def names(lab: Lab) -> Callable[[], list[str]]:
    """What is in the world."""
    return lambda: sorted(lab.world.read())


def pulumi(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Pulumi's CLI on the stack of a lab."""
    return subprocess.run(
        ["pulumi", *arguments, "--stack", "dev", "--non-interactive"],
        cwd=lab.folder,
        env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
