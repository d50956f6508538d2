"""Arguments and options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["HERE", "Folder", "Json", "Stack", "StackFile"]

Stack = Annotated[str, typer.Argument(metavar="STACK", help="The stack's name.")]
StackFile = Annotated[
    str, typer.Argument(metavar="STACK", help="The stack's name: stacks/Pulumi.STACK.yaml.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Folder = Annotated[Path, typer.Option("--cwd", "-C", help="The folder with Pulumi.yaml.", file_okay=False)]
HERE = Path()
