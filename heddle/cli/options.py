"""Declare the arguments and options that several subcommands have, so that all name them alike."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

__all__ = ["HERE", "Folder", "Json", "Stack", "StackFile", "Timeout", "Yes", "named_values", "one_of", "only"]

Stack = Annotated[
    str,
    typer.Argument(metavar="STACK", help="The stack's name; or an access folder, with a slash: NAME/."),
]
StackFile = Annotated[
    str, typer.Argument(metavar="STACK", help="The stack's name: stacks/Pulumi.STACK.yaml.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before acting.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for all of it.")]
Folder = Annotated[Path, typer.Option("--cwd", "-C", help="The folder with Pulumi.yaml.", file_okay=False)]
HERE = Path()
Chosen = TypeVar("Chosen", bound=StrEnum)


def named_values(
    texts: Iterable[str] | None, option: str, form: str = "KEY=VALUE", *, private: bool = False
) -> list[tuple[str, str]]:
    """Return the names and values that an option gives. Raises BadParameter, without what is private."""
    values = []
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise typer.BadParameter(f"{option}{'' if private else f' {text}'}: {form} is expected")
        values.append((name, value))
    return values


def one_of(kind: type[Chosen]) -> Callable[[str], Chosen]:
    """Return what reads an option with choices. It raises BadParameter with those there are."""

    def read(text: str) -> Chosen:
        try:
            return kind(text)
        except ValueError:
            names = ", ".join(f"'{each}'" for each in kind)
            raise typer.BadParameter(f"'{text}' is not one of {names}.") from None

    return read


def only(names: Iterable[str], option: str = "") -> str:
    """Return the name where there is a single one. Raises BadParameter with those there are."""
    known = sorted(names)
    if len(known) != 1:
        asked = f"{option}: name" if option else "name"
        raise typer.BadParameter(f"{asked} one of: {', '.join(known) or '(there is none)'}")
    return known[0]
