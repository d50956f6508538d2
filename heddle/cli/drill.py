"""Rehearse incidents: `heddle drill NAME|all|list`."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from heddle.cli.consent import ask_consent
from heddle.cli.options import HERE, Folder, Json, Yes
from heddle.cli.printing import listing, print_json, print_line, print_listing
from heddle.drills.catalog import DRILLS, find_drill
from heddle.drills.conduct import Pace, clear, conduct, load_on
from heddle.drills.ground import expect_disposable, opened_ground
from heddle.drills.hands import OwnHands
from heddle.drills.model import Drill, Result
from heddle.drills.results import TITLES, passed_all, report, row, score
from heddle.drills.watching import watch
from heddle.errors import HeddleError

__all__ = ["drill"]

_ALL, _LIST = "all", "list"


def drill(
    name: Annotated[str, typer.Argument(metavar="NAME|all|list", help="Which incident.")] = _LIST,
    stack: Annotated[str, typer.Option("--stack", "-s", help="The disposable stack to rehearse on.")] = "",
    yes: Yes = False,
    clear_: Annotated[
        bool, typer.Option("--clear", help="Only take back what a drill that was killed has left.")
    ] = False,
    without_alarm: Annotated[
        bool, typer.Option("--without-alarm", help="Wait for no alarm: begin with triage.")
    ] = False,
    hasten: Annotated[
        float, typer.Option("--hasten", min=1, help="Divide the times of the rules: alarms come sooner.")
    ] = 1.0,
    baseline: Annotated[float, typer.Option("--baseline", min=1, help="Seconds of load before.")] = 20.0,
    patience: Annotated[float, typer.Option("--patience", min=1, help="Seconds for an alarm.")] = 900.0,
    out: Annotated[Path | None, typer.Option("--out", help="Also write JSON here.", dir_okay=False)] = None,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Cause an incident on a disposable stack, wait for its alarm, follow it, and prove the recovery."""
    if name == _LIST and not clear_:
        _show_drills(json_=json_)
        return
    if not stack:
        raise typer.BadParameter("--stack: name the disposable stack to rehearse on")
    drills = () if clear_ else tuple(DRILLS.values()) if name == _ALL else (find_drill(name),)
    expect_disposable(stack, folder)
    if clear_:
        print_line("taken back" if asyncio.run(_cleared(stack, folder)) else "there is nothing to take back")
        return
    words = f"Do you want to damage stack {stack} for {', '.join(each.name for each in drills)}?"
    ask_consent(words, yes=yes, declined="drill cancelled: confirmation declined, nothing was changed")
    pace = Pace(baseline=baseline, alarm=patience, alarms=not without_alarm)
    results: list[Result] = []
    for found in _reports(drills, stack, folder, pace, hasten, results):
        # After each: a run of an hour that is cut off has told what it found.
        if out is not None:
            out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if json_:
        print_json(found)
    else:
        _show(results, without_alarm=without_alarm, hasten=hasten)
    if not passed_all(results):
        raise typer.Exit(1)


def _reports(
    drills: tuple[Drill, ...], stack: str, folder: Path, pace: Pace, hasten: float, results: list[Result]
) -> Iterator[dict[str, Any]]:
    """Rehearse one after the other, and yield the report of all so far; each adds its result."""
    standin = False
    for each in drills:
        try:
            result, standin = asyncio.run(_rehearsed(each, stack, folder, pace, hasten))
        except HeddleError as error:
            if not results:
                raise
            # The others still count: what this one could not do is its result.
            result = Result(drill=each.name, why=str(error))
        _tell(f"{each.name}: {result.outcome}{f': {result.why}' if result.why else ''}")
        results.append(result)
        yield report(results, stack=stack, standin=standin, hasten=hasten)


async def _rehearsed(each: Drill, stack: str, folder: Path, pace: Pace, hasten: float) -> tuple[Result, bool]:
    """Rehearse an incident on the network as it is now; return whether it is one of stand-ins, too."""
    async with AsyncExitStack() as opened:
        ground = await opened.enter_async_context(opened_ground(stack, folder))
        address = await opened.enter_async_context(watch(ground, hasten=hasten)) if pace.alarms else ""
        hands = OwnHands(ground=ground, prometheus=address)
        result = await conduct(each, ground, hands, pace, partial(load_on, ground, pace), _tell)
        return result, ground.instance.standin


async def _cleared(stack: str, folder: Path) -> bool:
    async with opened_ground(stack, folder) as ground:
        return await clear(ground, OwnHands(ground=ground), _tell)


def _tell(words: str) -> None:
    """Say on standard error what goes on: a drill takes minutes."""
    typer.echo(" ".join(words.split()), err=True)


def _show_drills(*, json_: bool) -> None:
    if json_:
        known = DRILLS.values()
        print_json([{"name": each.name, "summary": each.summary, "alarms": each.alarms} for each in known])
        return
    table = listing("drill", "what happens", "alarms")
    for each in DRILLS.values():
        table.add_row(each.name, each.summary, ", ".join(each.alarms))
    print_listing(Console(), table)


def _show(results: list[Result], *, without_alarm: bool, hasten: float) -> None:
    table = listing(*TITLES)
    for each in results:
        table.add_row(*row(each))
    print_listing(Console(), table)
    print_line(score(results))
    if without_alarm:
        print_line("no alarm was waited for: the time to the alarm was not measured")
    elif hasten != 1:
        print_line(f"the times of the rules were divided by {hasten:g}: alarms come later in operation")
    for each in results:
        if each.why:
            print_line(f"{each.drill}: {each.why}")
