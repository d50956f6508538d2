"""List and run playbooks for incidents: `heddle runbook list|run`."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from heddle.cli.consent import USAGE, ask_consent, require_terminal
from heddle.cli.options import HERE, Folder, Json, Yes, named_values
from heddle.cli.printing import print_json, print_paragraphs
from heddle.errors import RunbookError
from heddle.planner.operations import Operation
from heddle.runbooks.catalog import Variable, find_runbook, runbooks
from heddle.runbooks.deployed import context_of
from heddle.runbooks.display import Display
from heddle.runbooks.run import Run, run
from heddle.state.backend import Backend
from heddle.state.log import recorded
from heddle.state.project import is_access_folder
from heddle.state.stack import open_stack

__all__ = ["app"]

NEEDS_YOU = 3
"""Exit code of a runbook that has done what it could, and leaves the rest to a person."""

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(json_: Json = False) -> None:
    """Show the runbooks and the variables each takes."""
    known = runbooks()
    if json_:
        print_json([{**asdict(each), "path": str(each.path)} for each in known])
        return
    for runbook in known:
        typer.echo(f"{typer.style(runbook.name, bold=True)}  {runbook.title}")
        for variable in runbook.variables:
            print_paragraphs([_line(variable)], indent=4)


def _line(variable: Variable) -> str:
    default = f" (default {variable.default})" if variable.default else ""
    need = " (needed)" if variable.required else default
    choices = f" One of {', '.join(variable.choices)}." if variable.choices else ""
    return f"-e {variable.name}=…  {variable.description}{choices}{need}"


@app.command("run")
def run_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `heddle runbook list` has it.")],
    stack: Annotated[str, typer.Option("--stack", "-s", help="The stack that it is about.")],
    yes: Yes = False,
    check: Annotated[bool, typer.Option("--check", help="Look, and print the plan; change nothing.")] = False,
    extra: Annotated[
        list[str] | None, typer.Option("--extra", "-e", metavar="KEY=VALUE", help="A variable.")
    ] = None,
    artifacts: Annotated[
        Path | None, typer.Option(help="Keep Ansible's record of the run here.", file_okay=False)
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Show a runbook's plan, ask, and run it; exit code 0 when it ended well, or there was nothing to do.

    3 when it has done what it could, and a person has to do the rest.
    """
    variables = dict(named_values(extra, "-e"))
    try:
        runbook = find_runbook(name)
        runbook.check(variables)
    except RunbookError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(USAGE) from None
    _expect_state(stack)

    def opened() -> Run:
        """Return the run on the stack as its state is at this moment."""
        return Run(
            runbook=runbook,
            context=context_of(open_stack(folder, stack)),
            folder=folder,
            variables=variables,
            check=check,
            artifacts=artifacts,
        )

    if runbook.reads_only:
        # Looking is of use just while an `up` hangs, so it waits for no lock.
        _execute(opened())
        return
    if not (yes or check):
        require_terminal("--yes", "--check")
    backend = open_stack(folder, stack).backend
    with backend.locked():
        # Opened again: what another process saved before the lock was ours counts.
        wanted = opened()
        if wanted.context.deployed is not None:
            wanted.context.deployed.expect(Operation.REPAIR)
        _plan_and_act(wanted, backend, yes=yes)


def _plan_and_act(wanted: Run, backend: Backend, *, yes: bool) -> None:
    """Show the plan; act on it unless nobody wants more, agrees, or there is nothing to do."""
    if wanted.check:
        _execute(wanted)
        return
    looked = None if yes else _execute(replace(wanted, check=True))
    if looked is not None and looked.nothing_to_do:
        typer.echo("nothing to do" if not looked.needs else "nothing that could be done without you")
        if looked.needs:
            raise typer.Exit(NEEDS_YOU)
        return
    name = wanted.runbook.name
    declined = f"{name} cancelled: confirmation declined, nothing was changed"
    ask_consent(f"Do you want to run {name}?", yes=yes, declined=declined)
    subject = " ".join([name, *wanted.runbook.chosen_hosts(wanted.variables).values()])
    with recorded(backend, "runbook run", subject):
        changes = _execute(wanted).changes
    typer.echo(f"{changes} changed" if changes else "nothing changed")


def _expect_state(stack: str) -> None:
    """Refuse an access folder: a runbook needs what only the state has."""
    if is_access_folder(stack):
        raise RunbookError(
            f"{stack} is an access folder, and no role runs runbooks: they hold the lock of the stack's "
            "state, run Jobs, which could mount every Secret, and sign as the organization's administrator",
            hint="Run it with --stack and the stack's name, in the checkout, where state and passphrase are.",
        )


def _execute(what: Run) -> Display:
    """Run it and return what its display has seen; leave with exit code 1 when it failed."""
    display = Display()
    if not run(what, display):
        asked = bool(display.needs) and display.asked_for_a_person
        words = "needs you" if asked else "ended with a failure"
        typer.echo(f"error: runbook {what.runbook.name} {words}", err=True)
        raise typer.Exit(NEEDS_YOU if asked else 1)
    return display
