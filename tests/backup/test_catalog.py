"""Which backup a name means."""

from pathlib import Path

import pytest

from heddle.backup.catalog import NEWEST, find_backup
from heddle.backup.target import open_target
from heddle.errors import BackupError


@pytest.mark.parametrize("name", [NEWEST, "20250101t000000z"])
async def test_where_no_backup_is_the_way_to_the_first_one_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="has no backup yet") as error:
        await find_backup(open_target("kept", "prod", base=tmp_path), name)
    assert error.value.hint == "`heddle backup create` makes one."
