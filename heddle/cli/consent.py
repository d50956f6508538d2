"""Ask the person at the terminal before something is changed."""

import sys

import typer

__all__ = ["USAGE", "ask_consent", "require_terminal"]

USAGE = 2
"""Exit code of a command that was called wrongly, as Click has it."""


def require_terminal(*waivers: str) -> None:
    """Leave with exit code 2 where nobody can be asked; `waivers` are the options that waive the question.

    Call it before work that takes long, so that nobody waits in vain. The words are those of Pulumi's CLI.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        words = " or ".join(waivers)
        typer.echo(
            f"error: {words} must be passed in to proceed when running in non-interactive mode", err=True
        )
        raise typer.Exit(USAGE)


def ask_consent(question: str, *, yes: bool, declined: str = "") -> None:
    """Ask, and leave with exit code 1 and the words `declined` unless the answer is yes.

    The option --yes answers beforehand.
    """
    if not yes and not typer.confirm(question, default=False):
        if declined:
            typer.echo(f"error: {declined}", err=True)
        raise typer.Exit(1)
