"""Print what makes backups regularly on the machine that has the state: `heddle backup schedule`."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from heddle.backup.due import next_runs
from heddle.backup.place import place_of
from heddle.cli.options import HERE, Folder, Json, StackFile
from heddle.cli.printing import print_json, print_line
from heddle.durations import timestamp
from heddle.errors import BackupError
from heddle.render import backup_units
from heddle.schedules import Schedule
from heddle.state.stack import open_stack

__all__ = ["schedule"]

_KEPT = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "XDG_CONFIG_HOME", "HOME", "KUBECONFIG")
"""Variables that say where state, passphrase and cluster are. None of them is a secret."""
_SHOWN = 5


def schedule(
    stack: StackFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write the units into this folder.", file_okay=False),
    ] = None,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Print a systemd service and timer that make backups as the stack file's `backup.schedule` says."""
    place = place_of(open_stack(folder, stack), folder)
    if place.schedule is None:
        raise BackupError(
            f"stack {stack!r} has no `backup.schedule`",
            hint='Say when backups are due, a cron line in UTC: backup: {schedule: "45 2 * * *"}.',
        )
    runs = next_runs(place.schedule, datetime.now(UTC), _SHOWN)
    if json_:
        print_json({"next": [timestamp(each) for each in runs]})
        return
    units = _units(stack, folder, place.schedule)
    for name, content in units.items():
        if out is None:
            print_line(content)
        else:
            out.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(content, encoding="utf-8")
            print_line(str(out / name))
    typer.echo("next runs: " + ", ".join(f"{each:%Y-%m-%d %H:%M} UTC" for each in runs), err=True)


def _units(stack: str, folder: Path, when: Schedule) -> dict[str, str]:
    return backup_units(
        stack=stack,
        folder=str(folder.resolve()),
        program=str(Path(sys.executable).parent / "heddle"),
        variables={name: os.environ[name] for name in _KEPT if name in os.environ},
        calendar=when.calendar(),
    )
