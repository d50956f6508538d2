"""Run the `heddle` command, and print its errors as answers, never as tracebacks."""

import gc
import sys

import typer

from heddle.cli.subcommands import LazyGroup
from heddle.errors import HeddleError

__all__ = ["app", "main"]

app = typer.Typer(
    cls=LazyGroup,
    name="heddle",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _heddle() -> None:
    """Deploy and operate Hyperledger Fabric networks on Kubernetes, as code."""


def main(platform: str = sys.platform) -> None:
    """Run the command line; a HeddleError becomes its message, its next step and exit code 1."""
    if platform == "win32":
        typer.echo("error: Heddle runs on Linux and macOS\n  On Windows use it within WSL 2.", err=True)
        sys.exit(1)
    # A run builds one graph that lives to its end. Going through it again at every 700 new objects, as
    # Python does, finds nothing and takes a third of a large preview.
    gc.set_threshold(100_000, 50, 100)
    try:
        app()
    except HeddleError as error:
        from heddle.cli.printing import print_paragraphs  # loads rich: only when there is something to say

        print_paragraphs(f"error: {error}".splitlines(), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
