"""Show the logs of an instance in the order of time: `heddle logs STACK`."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated

import typer

from heddle.cli.moments import moment
from heddle.cli.options import HERE, Folder, Stack, one_of
from heddle.cli.printing import print_paragraphs
from heddle.kube.client import KubeClient
from heddle.logs.entries import Entry
from heddle.logs.following import follow
from heddle.logs.formats import Level
from heddle.logs.lines import Layout, json_line, shown
from heddle.logs.reading import read_logs
from heddle.logs.sources import Choice, choose
from heddle.network.network import Network, open_network

__all__ = ["logs"]

SINCE = "10m"
SILENCE = 10.0
_SECOND = 10**9


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Hold what of the logs is wanted, and how it is printed."""

    choice: Choice
    since: int | None
    previous: bool
    follows: bool
    silence: float
    print: "_Printer"


_Nodes = Annotated[
    list[str] | None,
    typer.Option("--node", "-n", metavar="NAME", help="Of this node or database only; may be repeated."),
]
_Chaincodes = Annotated[
    list[str] | None,
    typer.Option("--chaincode", metavar="NAME", help="Of this chaincode's servers; may be repeated."),
]
_Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="Since then: 90s, 10m, 12h, 7d, or 2026-11-28T19:40.")
]
_Level = Annotated[
    Level | None,
    typer.Option(
        "--level",
        parser=one_of(Level),
        metavar="LEVEL",
        help="Only this level and more serious: debug, info, warning, error, panic.",
    ),
]
_Grep = Annotated[str, typer.Option("--grep", metavar="REGEX", help="Only entries in which this is found.")]
_Previous = Annotated[
    bool, typer.Option("--previous", help="Of the containers that ran before those that restarted.")
]
_Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")]
_Timeout = Annotated[
    float, typer.Option("--timeout", min=0.1, help="Seconds of silence after which a node is given up.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print a JSON object for each entry.")]


def logs(
    stack: Stack,
    node: _Nodes = None,
    chaincode: _Chaincodes = None,
    since: _Since = "",
    level: _Level = None,
    grep: _Grep = "",
    previous: _Previous = False,
    follow_: _Follow = False,
    timeout: _Timeout = SILENCE,
    json_: _Json = False,
    folder: Folder = HERE,
) -> None:
    """Show what the nodes of an instance log, in the order of time across nodes."""
    if previous and follow_:
        raise typer.BadParameter("--previous shows what has ended, --follow what comes: give one of them")
    wants = _pattern(grep)
    # A container that ended before is looked at whole: when it ended is what people do not know yet.
    start = since or ("" if previous else SINCE)
    from_ = int(moment(start, "--since") * _SECOND) if start else None
    network = open_network(stack, folder)
    wanted = _Wanted(
        choice=choose(network.instance, node or [], chaincode or []),
        since=from_,
        previous=previous,
        follows=follow_,
        silence=timeout,
        print=_Printer(level, wants, json_),
    )
    try:
        whole = asyncio.run(_show(network, wanted))
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Whoever read the output has enough of it. What Python would write at its end has no reader either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    if not whole:
        raise typer.Exit(1)


def _pattern(grep: str) -> re.Pattern[str]:
    try:
        return re.compile(grep)
    except re.error as error:
        where = "" if error.pos is None else f", at sign {error.pos + 1}"
        raise typer.BadParameter(f"--grep {grep}: it is no regular expression: {error.msg}{where}") from None


async def _show(network: Network, wanted: _Wanted) -> bool:
    """Print what was logged, and what comes; return whether every log answered."""
    instance = network.instance
    async with await KubeClient.open(network.access.kubeconfig) as client:
        found = await read_logs(
            client,
            instance,
            wanted.choice,
            since=wanted.since,
            previous=wanted.previous,
            silence=wanted.silence,
        )
        wanted.print.names(log.source.name for log in found.logs)
        wanted.print(found.entries(), found.notes)
        if wanted.follows:
            async with aclosing(follow(client, instance, wanted.choice, found)) as comes:
                async for heard in comes:
                    wanted.print(heard.entries, heard.notes)
    return found.whole


@dataclass
class _Printer:
    """Prints the entries that are wanted, and on standard error what people should know."""

    level: Level | None
    wants: re.Pattern[str]
    json: bool
    _layout: Layout = field(default_factory=Layout)

    def names(self, names: Iterable[str]) -> None:
        """Learn the names that will be printed, so that texts stand beneath one another."""
        self._layout.learn(names)

    def __call__(self, entries: Iterable[Entry], notes: Iterable[str]) -> None:
        write = sys.stdout.write
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        for entry in entries:
            # What has no level counts as information: a chaincode's prints, for one.
            if self.level and (entry.level or Level.INFO).rank < self.level.rank:
                continue
            if not self.wants.search(entry.text):
                continue
            lines = [json_line(entry)] if self.json else shown(entry, self._layout, width, _styled(width))
            write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        print_paragraphs(notes, err=True)


_COLOURS = {Level.WARNING: "yellow", Level.ERROR: "red", Level.PANIC: "red"}


def _styled(width: int) -> Callable[[str, Level | None], str]:
    """Return what colours words as their level is, where a terminal shows them."""

    def style(words: str, level: Level | None) -> str:
        colour = _COLOURS.get(level) if width and level else None
        return typer.style(words, fg=colour, bold=True if level is Level.PANIC else None) if colour else words

    return style
