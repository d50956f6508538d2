"""Private input of transactions: from the command line, or from files that only their owner reads."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from heddle.cli.chaincode import _transient


def test_private_input_comes_from_files_byte_for_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside plain values; a value may hold =, and a file what is no text."""
    (tmp_path / "price").write_bytes(b"\xff4711\n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"piped")))

    assert _transient(["a=b=c"], [f"price={tmp_path}/price", "pin=-"]) == {
        "a": b"b=c",
        "price": b"\xff4711\n",
        "pin": b"piped",
    }
    assert _transient(None, None) == {}


def test_what_is_wrong_is_told_without_what_is_private(tmp_path: Path) -> None:
    """No value is in the words; the path of a file that is not there is."""
    with pytest.raises(typer.BadParameter, match="--transient: NAME=VALUE is expected") as refusal:
        _transient(["4711"], None)
    assert "4711" not in str(refusal.value)
    with pytest.raises(typer.BadParameter, match="missing: No such file"):
        _transient(None, [f"price={tmp_path}/missing"])
