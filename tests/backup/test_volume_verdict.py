"""A restore writes empty volumes and its own; it never writes over what a node has."""

import pytest

from heddle.backup.restoring.ledgers import LedgerFile
from heddle.backup.restoring.volumes import volume_verdict
from heddle.errors import BackupError

BACKUP = "20261129t024500z"
MARK = f".heddle-restore-{BACKUP}"
WANTED = {"orderer/chains/trade/blockfile_000000": LedgerFile(size=7, sha256="aa")}
WHOLE = {"orderer": -1, "orderer/chains/trade/blockfile_000000": 7, MARK: -1, f"{MARK}/done": -1}

WRITTEN = {
    "an empty volume": {},
    "an empty file system": {"lost+found": -1, "lost+found/x": 3},
    "one that a killed restore had begun": {MARK: -1, "orderer/chains/trade/blockfile_000000": 3},
}
REFUSED = {
    "a node's": ({"orderer": -1, "orderer/index": -1}, "it has orderer"),
    "that of another restore": ({".heddle-restore-20250101t000000z": -1}, "it has .heddle-restore-2025"),
    "a restored one that a node has used": (
        {**WHOLE, "orderer/etcdraft/wal/trade/0.wal": 64},
        "orderer/etcdraft/wal/trade/0.wal",
    ),
    "a restored one that a node has written on": (
        {**WHOLE, "orderer/chains/trade/blockfile_000000": 9},
        "blockfile_000000",
    ),
}


@pytest.mark.parametrize("found", WRITTEN.values(), ids=WRITTEN)
def test_it_is_written(found: dict[str, int]) -> None:
    """New volumes, and those that are half written."""
    assert volume_verdict(found, WANTED, BACKUP) == "write"


def test_a_finished_one_is_only_checked() -> None:
    """The second run changes nothing."""
    assert volume_verdict(WHOLE, WANTED, BACKUP) == "check"


@pytest.mark.parametrize(("found", "named"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused(found: dict[str, int], named: str) -> None:
    """With what is on it."""
    with pytest.raises(BackupError, match="it is not empty") as refused:
        volume_verdict(found, WANTED, BACKUP)
    assert named in refused.value.message
