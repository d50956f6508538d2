"""Run the embedded engine: `heddle up|preview|refresh|destroy STACK`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from heddle.cli.consent import ask_consent, require_terminal
from heddle.cli.options import HERE, Folder, Json, StackFile, Yes, named_values
from heddle.cli.printing import print_json
from heddle.embedded.engine.display.lines import LineDisplay
from heddle.embedded.engine.display.tree import TreeDisplay
from heddle.embedded.engine.engine import Engine, Outcome
from heddle.embedded.engine.kubernetes import create_provider as kubernetes
from heddle.plugin.interface import ProviderFactory
from heddle.plugin.values import plain
from heddle.provider import create_provider as heddle

__all__ = ["destroy", "preview", "refresh", "up"]

# Exit codes: pkg/cmd/pulumi/cmd/exit_codes.go of pulumi/pulumi.
FAILED = 1
CHANGES = 7
CANCELLED = 8

SkipPreview = Annotated[
    bool, typer.Option("--skip-preview", "-f", help="Act without showing a preview first.")
]
ExpectNoChanges = Annotated[
    bool, typer.Option("--expect-no-changes", help="Fail if anything changes, or would change.")
]
Parallel = Annotated[int, typer.Option("--parallel", "-p", min=1, help="Provider calls at the same time.")]
Config = Annotated[
    list[str] | None,
    typer.Option("--config", "-c", metavar="KEY=VALUE", help="A configuration value for this run alone."),
]
Diff = Annotated[bool, typer.Option("--diff", help="Show what changes of every resource.")]
PARALLEL = 32
_PROVIDERS: Mapping[str, ProviderFactory] = {"kubernetes": kubernetes, "heddle": heddle}
"""The providers that the engine serves, by package."""


def preview(
    stack: StackFile,
    expect_no_changes: ExpectNoChanges = False,
    json_: Json = False,
    diff: Diff = False,
    parallel: Parallel = PARALLEL,
    config: Config = None,
    folder: Folder = HERE,
) -> None:
    """Run the program without acting, and print what `up` would change."""
    run = _Runs(folder=folder, stack=stack, parallel=parallel, config=_config(config), diff=diff, quiet=json_)
    outcome = run.run("Previewing update", lambda engine: engine.preview(), preview=True)
    if json_:
        _print_json(outcome)
    _leave(outcome, expect_no_changes=expect_no_changes, verb="update")


def up(
    stack: StackFile,
    yes: Yes = False,
    skip_preview: SkipPreview = False,
    expect_no_changes: ExpectNoChanges = False,
    diff: Diff = False,
    parallel: Parallel = PARALLEL,
    config: Config = None,
    folder: Folder = HERE,
) -> None:
    """Preview, ask, then run the program and act."""
    run = _Runs(folder=folder, stack=stack, parallel=parallel, config=_config(config), diff=diff)
    _agree(run, "update", lambda engine: engine.preview(), yes=yes, skip_preview=skip_preview)
    outcome = run.run("Updating", lambda engine: engine.up(), preview=False)
    _leave(outcome, expect_no_changes=expect_no_changes, verb="update")


def refresh(
    stack: StackFile,
    yes: Yes = False,
    skip_preview: SkipPreview = False,
    expect_no_changes: ExpectNoChanges = False,
    diff: Diff = False,
    parallel: Parallel = PARALLEL,
    folder: Folder = HERE,
) -> None:
    """Preview, ask, then read every resource and write what was read into the state."""
    run = _Runs(folder=folder, stack=stack, parallel=parallel, diff=diff)
    _agree(run, "refresh", lambda engine: engine.refresh(preview=True), yes=yes, skip_preview=skip_preview)
    outcome = run.run("Refreshing", lambda engine: engine.refresh(), preview=False)
    _leave(outcome, expect_no_changes=expect_no_changes, verb="refresh")


def destroy(
    stack: StackFile,
    yes: Yes = False,
    skip_preview: SkipPreview = False,
    diff: Diff = False,
    parallel: Parallel = PARALLEL,
    folder: Folder = HERE,
) -> None:
    """Preview, ask, then delete every resource that is not protected."""
    run = _Runs(folder=folder, stack=stack, parallel=parallel, diff=diff)
    _agree(run, "destroy", lambda engine: engine.destroy(preview=True), yes=yes, skip_preview=skip_preview)
    _leave(run.run("Destroying", lambda engine: engine.destroy(), preview=False), verb="destroy")


@dataclass(frozen=True, kw_only=True)
class _Runs:
    """Run the engine's verbs, with a display that suits the terminal or the log."""

    folder: Path
    stack: str
    parallel: int
    config: Mapping[str, str] = field(default_factory=dict)
    diff: bool = False
    quiet: bool = False

    def run(self, title: str, verb: Callable[[Engine], Awaitable[Outcome]], *, preview: bool) -> Outcome:
        """Run one verb and show it."""
        display = self._display(title, preview=preview)
        engine = Engine(
            self.folder, self.stack, _PROVIDERS, sink=display, parallel=self.parallel, config=self.config
        )

        async def act() -> Outcome:
            # Providers block threads while they wait; the loop's own pool is as small as the machine.
            pool = ThreadPoolExecutor(2 * self.parallel, thread_name_prefix="provider")
            asyncio.get_running_loop().set_default_executor(pool)
            return await verb(engine)

        outcome = None
        try:
            outcome = asyncio.run(act())
        finally:
            display.finish(outcome)
        return outcome

    def _display(self, title: str, *, preview: bool) -> LineDisplay | TreeDisplay:
        """Return a live tree for a terminal, lines for anything else; those go to stderr for `--json`."""
        console = Console()
        header, name = f"{title} ({self.stack})", self.stack
        if self.quiet or not console.is_terminal:
            out = sys.stderr if self.quiet else sys.stdout
            return LineDisplay(out, header=header, preview=preview, stack_name=name, details=self.diff)
        return TreeDisplay(console, header=header, preview=preview, stack_name=name, details=self.diff)


def _config(settings: list[str] | None) -> dict[str, str]:
    """Return the configuration values of --config by their keys."""
    values = dict(named_values(settings, "--config", "NAMESPACE:KEY=VALUE"))
    for key in values:
        if ":" not in key:
            raise typer.BadParameter(f"--config {key}: NAMESPACE:KEY=VALUE is expected")
    return values


def _agree(
    run: _Runs, verb: str, plan: Callable[[Engine], Awaitable[Outcome]], *, yes: bool, skip_preview: bool
) -> None:
    """Show what would happen and ask, unless an option waives both."""
    if skip_preview:
        return
    if not yes:
        require_terminal("--yes", "--skip-preview")
    _stop_on_failure(run.run(f"Previewing {verb}", plan, preview=True))
    ask_consent(
        f"Do you want to perform this {verb}?",
        yes=yes,
        declined=f"{verb} cancelled: confirmation declined, not proceeding with the {verb}",
    )


def _stop_on_failure(outcome: Outcome) -> None:
    if outcome.failed:
        raise typer.Exit(CANCELLED if outcome.cancelled else FAILED)


def _leave(outcome: Outcome, *, expect_no_changes: bool = False, verb: str) -> None:
    """Leave with the exit code of Pulumi's CLI, which also checks for changes only after the run."""
    _stop_on_failure(outcome)
    if expect_no_changes and outcome.changes:
        typer.echo(f"error: no changes were expected for {verb} but changes were proposed", err=True)
        raise typer.Exit(CHANGES)


def _print_json(outcome: Outcome) -> None:
    """Print a preview's summary as JSON: how many changes of each kind, and the outputs."""
    print_json(
        {
            "changeSummary": {op.value: count for op, count in outcome.counts.items()},
            "outputs": {key: plain(value) for key, value in outcome.outputs.items()},
            "failed": outcome.failed,
            "seconds": round(outcome.seconds, 3),
        }
    )
