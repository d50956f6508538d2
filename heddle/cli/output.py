"""Print the outputs of a stack: `heddle output STACK [NAME]`."""

import json
from typing import Annotated, Any

import typer

from heddle.cli.options import HERE, Folder, Json, StackFile
from heddle.cli.printing import print_json, print_text
from heddle.errors import EngineError
from heddle.plugin.values import plain, strip_secrets
from heddle.state.outputs import read_outputs

__all__ = ["output"]


def output(
    stack: StackFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="One output; all of them when left out.")] = "",
    json_: Json = False,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Print secrets in clear.")] = False,
    folder: Folder = HERE,
) -> None:
    """Print a stack's outputs."""
    values = read_outputs(folder, stack)
    shown: dict[str, Any] = {
        key: strip_secrets(value) if show_secrets else plain(value) for key, value in values.items()
    }
    if name:
        if name not in shown:
            raise EngineError(
                f"stack {stack!r} has no output {name!r}", hint=f"It has: {', '.join(sorted(shown))}."
            )
        if json_:
            print_json(shown[name])
        else:
            print_text(_text(shown[name]))
    elif json_:
        typer.echo(json.dumps(shown, indent=2, sort_keys=True))
    else:
        for key, value in sorted(shown.items()):
            print_text(f"{key}: {_text(value)}")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2)
