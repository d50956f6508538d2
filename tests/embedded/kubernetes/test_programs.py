"""Building the cluster's programs can be interrupted: Go is told, whoever took the signal."""

import os
import sys
from pathlib import Path

import pytest

from heddle.embedded.kubernetes import programs

GO = f"""#!{sys.executable}
import pathlib, signal, sys, time
def ended(*_):
    pathlib.Path(__file__).with_suffix(".ended").touch()
    sys.exit(1)
signal.signal(signal.SIGINT, ended)
print("compiling", flush=True)
time.sleep(60)
"""


def test_an_interrupted_build_ends_its_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else `heddle` would wait for all of it, and say nothing."""
    go = tmp_path / "go"
    go.write_text(GO)
    go.chmod(0o755)
    monkeypatch.setattr(programs, "find_program", lambda name: os.fspath(go) if name == "go" else None)

    def interrupted(line: str, _: int) -> None:
        raise KeyboardInterrupt(line)

    with pytest.raises(KeyboardInterrupt, match="compiling"):
        programs._go(tmp_path, ["build"], interrupted)

    assert go.with_suffix(".ended").exists()
