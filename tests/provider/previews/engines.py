"""One project, previewed by the embedded engine and by Pulumi's own CLI on the same state."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from heddle.embedded.engine.engine import Engine, Outcome
from heddle.embedded.engine.events import Event, Op, Phase, Step
from heddle.plugin.interface import Severity
from heddle.provider import create_provider
from tests.programs import needs

HOUSE = Path(__file__).parents[3]
ENGINES = pytest.mark.parametrize(
    "official", [pytest.param(False, id="embedded"), pytest.param(True, id="official", marks=needs("pulumi"))]
)
"""The embedded engine and Pulumi's CLI."""
_LOUD = {"info", "warning", "error", "info#err"}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a preview told: the operation on each resource that is not `same`, and what was said of it."""

    failed: bool
    steps: Mapping[str, str]
    messages: Mapping[str, list[str]]


@dataclass
class Project:
    """A folder with the program of these tests, and a state in it."""

    folder: Path
    kubeconfig: str
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        python = f"runtime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}\n"
        (self.folder / "plugin").mkdir(parents=True)
        (self.folder / "state").mkdir()
        (self.folder / "plugin/PulumiPlugin.yaml").write_text(python)
        serve = f"import sys; sys.path.insert(0, {str(HOUSE)!r})\n"
        (self.folder / "plugin/__main__.py").write_text(serve + (HOUSE / "provider/__main__.py").read_text())
        (self.folder / "Pulumi.yaml").write_text(
            f"name: previews\n{python}plugins: {{providers: [{{name: heddle, path: plugin}}]}}\n"
        )
        program = (Path(__file__).parent / "program.py").read_text()
        (self.folder / "__main__.py").write_text(serve + program)
        self.environment = {
            "PULUMI_BACKEND_URL": f"file://{self.folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "1",
        }

    def want(self, resources: list[dict[str, Any]]) -> None:
        """What the program declares from now on."""
        content = {"kubeconfig": self.kubeconfig, "resources": resources}
        (self.folder / "wanted.json").write_text(json.dumps(content))

    async def up(self, stack: str = "dev") -> Outcome:
        """Make it so, by the embedded engine."""
        outcome, said = await self._embedded(stack, lambda engine: engine.up())
        assert not outcome.failed, said.messages
        return outcome

    async def try_up(self, stack: str = "dev") -> Said:
        """Make it so, as far as it goes."""
        return (await self._embedded(stack, lambda engine: engine.up()))[1]

    async def refresh(self, stack: str = "dev", *, preview: bool = False) -> Said:
        """Read everything anew, by the embedded engine."""
        return (await self._embedded(stack, lambda engine: engine.refresh(preview=preview)))[1]

    async def preview(self, stack: str = "dev") -> Said:
        """By the embedded engine."""
        return (await self._embedded(stack, lambda engine: engine.preview()))[1]

    async def _embedded(self, stack: str, verb: Callable[[Engine], Any]) -> tuple[Outcome, Said]:
        events: list[Event] = []
        engine = Engine(self.folder, stack, {"heddle": create_provider}, sink=events.append)
        outcome: Outcome = await verb(engine)
        return outcome, _embedded_said(events, failed=outcome.failed)

    def pulumi(self, *arguments: str, stack: str = "dev") -> subprocess.CompletedProcess[str]:
        """Run Pulumi's CLI."""
        return subprocess.run(
            ["pulumi", *arguments, "--stack", stack, "--non-interactive"],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def initialize(self, stack: str = "dev") -> None:
        """Make an empty stack: the CLI previews nothing without one."""
        done = self.pulumi("stack", "init", stack=stack)
        assert done.returncode == 0, done.stderr

    def official(self, *verb: str, stack: str = "dev") -> Said:
        """By Pulumi's CLI: `preview` unless another verb that takes --json is given."""
        done = self.pulumi(*(verb or ("preview",)), "--json", stack=stack)
        said = _official_said(done.stdout)
        assert said.steps or said.messages or done.returncode == 0, done.stdout + done.stderr
        return Said(failed=done.returncode != 0, steps=said.steps, messages=said.messages)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2] if urn else "run"


def _embedded_said(events: list[Event], *, failed: bool) -> Said:
    steps: dict[str, str] = {}
    messages: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Step):
            if event.phase is Phase.DONE and not event.internal and event.op is not Op.SAME:
                steps[_name(event.urn)] = str(event.op)
        elif event.severity is not Severity.DEBUG and not event.ephemeral:
            said = f"{event.severity}: {event.text.strip()}"
            messages.setdefault(_name(event.urn), []).append(said)
    return Said(failed=failed, steps=_heddles(steps), messages=_heddles(messages))


def _official_said(output: str) -> Said:
    steps: dict[str, str] = {}
    messages: dict[str, list[str]] = {}
    for line in output.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        step = event.get("resourcePreEvent", {}).get("metadata")
        if step and step["op"] != "same":
            steps[_name(step["urn"])] = step["op"]
        said = event.get("diagnosticEvent")
        if said and said["severity"] in _LOUD and not said.get("ephemeral"):
            text = said["message"].replace("<{%reset%}>", "").strip().removeprefix("Preview failed: ")
            messages.setdefault(_name(said.get("urn", "")), []).append(f"{said['severity']}: {text}")
    return Said(failed=False, steps=_heddles(steps), messages=_heddles(messages))


def _heddles(found: dict[str, Any]) -> dict[str, Any]:
    """Without the stack and what is said of the run: the two engines word it each in its way."""
    return {name: found[name] for name in sorted(found) if name != "run" and not name.startswith("previews-")}
