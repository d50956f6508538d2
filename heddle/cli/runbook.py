"""`heddle runbook …`: playbooks for incidents, under the stack's lock."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heddle.cli.options import HERE, Folder, Json

if TYPE_CHECKING:
    from heddle.state.stack import Stack

__all__ = ["app"]

_USAGE = 2

app = typer.Typer(no_args_is_help=True, help="Playbooks for incidents.")


@app.callback()
def _group() -> None:
    """Playbooks for incidents."""


@app.command("list")
def list_(json_: Json = False) -> None:
    """Show the runbooks and the variables each takes."""
    import json
    from dataclasses import asdict

    from heddle.runbooks.catalog import runbooks

    found = runbooks()
    if json_:
        plain = [{**asdict(one), "path": str(one.path)} for one in found]
        typer.echo(json.dumps(plain, indent=2))
        return
    for one in found:
        typer.echo(f"{typer.style(one.name, bold=True)}  {one.title}")
        for variable in one.variables:
            default = f" (default {variable.default})" if variable.default else ""
            need = " (needed)" if variable.required else default
            choices = f" One of {', '.join(variable.choices)}." if variable.choices else ""
            typer.echo(f"    -e {variable.name}=…  {variable.description}{choices}{need}")


@app.command("run")
def run_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `heddle runbook list` has it.")],
    stack: Annotated[str, typer.Option("--stack", "-s", help="The stack that it is about.")],
    check: Annotated[bool, typer.Option("--check", help="Look, and print the plan; change nothing.")] = False,
    extra: Annotated[
        list[str] | None, typer.Option("--extra", "-e", metavar="KEY=VALUE", help="A variable.")
    ] = None,
    artifacts: Annotated[
        Path | None, typer.Option(help="Keep Ansible's record of the run here.", file_okay=False)
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Run a runbook; exit code 0 when it ended well, or there was nothing to do."""
    from heddle.errors import RunbookError
    from heddle.runbooks.catalog import find_runbook
    from heddle.runbooks.display import Display
    from heddle.runbooks.run import Run, run
    from heddle.state.stack import open_stack

    variables = _variables(extra or [])
    try:
        runbook = find_runbook(name)
        runbook.check(variables)
    except RunbookError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(_USAGE) from None
    display = Display()
    found = open_stack(folder, stack)
    with found.backend.locked():
        # Opened again: what another process saved before the lock was ours counts.
        opened = _prepared(open_stack(folder, stack))
        done = run(
            Run(
                folder=folder,
                runbook=runbook,
                variables=variables,
                check=check,
                artifacts=artifacts,
                **opened,
            ),
            display,
        )
    if not done:
        typer.echo(f"error: runbook {name} ended with a failure", err=True)
        raise typer.Exit(1)
    if not check:
        typer.echo(f"{display.changes} changed" if display.changes else "nothing changed")


def _variables(extra: list[str]) -> dict[str, str]:
    """Return KEY=VALUE settings by key."""
    for setting in extra:
        if "=" not in setting:
            typer.echo(f"error: -e {setting}: KEY=VALUE is expected", err=True)
            raise typer.Exit(_USAGE)
    return {key: value for key, _, value in (setting.partition("=") for setting in extra)}


def _prepared(stack: "Stack") -> "dict[str, Any]":
    """What a run is told of its stack: from its state, or of its cluster alone when it has no network."""
    from functools import partial

    from heddle.errors import EngineError
    from heddle.network.network import network_of
    from heddle.runbooks.context import save_context
    from heddle.runbooks.deployed import approvals_of, namespaces_of, packages_of
    from heddle.state.outputs import stack_resource

    root = stack_resource(stack.resources)
    network = network_of(stack.name, root.outputs) if root and "instance" in root.outputs else None
    kubeconfig = network.access.kubeconfig if network else _kubeconfig(stack)
    state = stack.backend.checkpoint.parents[1]
    try:
        namespaces = namespaces_of(state)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"the stacks in {state} cannot be read: {error}",
            hint="Which instances live must be known: mend that checkpoint, or move it away.",
        ) from error
    prepare = partial(
        save_context,
        stack=stack.name,
        kubeconfig=kubeconfig,
        network=network,
        packages=packages_of(stack.resources),
        approvals=approvals_of(stack.resources),
        namespaces=namespaces,
    )
    return {
        "stack": stack.name,
        "instance": network.instance if network else None,
        "kubeconfig": kubeconfig,
        "prepare": prepare,
    }


def _kubeconfig(stack: "Stack") -> str:
    """The cluster that the stack file names, for a stack that was destroyed."""
    from heddle import config

    return config.read_values(stack.name, stack.config.values).cluster.kubeconfig
