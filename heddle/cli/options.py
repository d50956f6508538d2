"""Declare the arguments and options that several subcommands have, so that all name them alike."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["HERE", "Folder", "Json", "Stack", "StackFile", "Yes"]

Stack = Annotated[str, typer.Argument(metavar="STACK", help="The stack's name.")]
StackFile = Annotated[
    str, typer.Argument(metavar="STACK", help="The stack's name: stacks/Pulumi.STACK.yaml.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before acting.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Folder = Annotated[Path, typer.Option("--cwd", "-C", help="The folder with Pulumi.yaml.", file_okay=False)]
HERE = Path()
