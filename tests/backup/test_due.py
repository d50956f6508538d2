"""How old the newest backup is, and whether one is overdue."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heddle.backup.due import Age, age_of_backups
from heddle.backup.manifest import write_manifest
from heddle.backup.place import Place
from heddle.render import backup_units
from heddle.schedules import read_schedule
from tests.backup.samples import manifest, target

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
CASES = {
    "fresh": ("20261129t024500z", "45 2 * * *", "the last 5 hours ago; the next is due 2026-11-30 02:45 UTC"),
    "overdue": (
        "20261127t024500z",
        "45 2 * * *",
        "the last 2 days ago, overdue since 2026-11-28 02:45 UTC; the next is due 2026-11-30 02:45 UTC",
    ),
    "within its hour": (
        "20261128t074500z",
        "30 7 * * *",
        "the last 24 hours ago; the next is due 2026-11-30 07:30 UTC",
    ),
    "without a schedule": ("20261101t024500z", "", "the last 28 days ago"),
    "none yet": (
        "",
        "45 2 * * *",
        "none yet, `heddle backup create` makes the first; the next is due 2026-11-30 02:45 UTC",
    ),
    "none, and none due": ("", "", "none yet"),
}
LATE = {"overdue", "none yet"}


@pytest.mark.parametrize("case", CASES)
def test_the_age_of_the_newest(case: str, tmp_path: Path) -> None:
    """In words; what is due has an hour until it counts as overdue, and what is to come never is."""
    newest, line, words = CASES[case]
    place = Place(
        instance="demo",
        target=target(tmp_path),
        keep=3,
        recipients=(),
        schedule=read_schedule(line) if line else None,
    )

    async def look() -> Age:
        for each in filter(None, {"20250101t000000z" if newest else "", newest}):
            await place.target.write_manifest(each, write_manifest(manifest(each)))
        return await age_of_backups(place, NOW)

    age = asyncio.run(look())
    assert age.words(NOW) == words
    assert age.overdue == (case in LATE)
    assert age.missed is None or age.missed < NOW


def test_units_name_what_they_run_and_no_secret() -> None:
    """Paths with spaces and percent signs reach the command as they are."""
    units = backup_units(
        stack="prod",
        folder="/srv/my 100% nets",
        program="/opt/heddle/bin/heddle",
        variables={"PULUMI_BACKEND_URL": "file:///srv/state"},
        calendar=read_schedule("0 12 1 * 1").calendar(),
    )
    service, timer = units["heddle-backup-prod.service"], units["heddle-backup-prod.timer"]
    command = 'ExecStart="/opt/heddle/bin/heddle" backup create prod --cwd "/srv/my 100%% nets"\n'
    assert command in service
    assert 'Environment="PULUMI_BACKEND_URL=file:///srv/state"\n' in service
    assert "EnvironmentFile=-/etc/heddle/backup-prod.env\n" in service
    assert timer.count("OnCalendar=") == 2
    assert "Persistent=true\n" in timer
