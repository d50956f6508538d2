"""Declare the arguments that several verbs of `heddle backup` take, so that they read alike."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Backup", "IdentityFile", "TargetOption"]

Backup = Annotated[str, typer.Argument(metavar="BACKUP", help="As `list` has it, or newest.")]
IdentityFile = Annotated[
    Path | None,
    typer.Option(
        "--identity", help="File with a private key of age, as `age-keygen` makes it.", dir_okay=False
    ),
]
TargetOption = Annotated[
    str,
    typer.Option("--target", help="Folder, or bucket as s3://BUCKET/PREFIX, in place of the stack file's."),
]
