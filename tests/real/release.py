"""Where the official programs are on this machine, if they are."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml


@dataclass(frozen=True)
class Release:
    """An unpacked Fabric release: bin/, config/ and builders/ side by side."""

    folder: Path

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    @property
    def ccaas_builder(self) -> str:
        return str(self.folder / "builders" / "ccaas")

    def sample(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Upstream's sample core.yaml or orderer.yaml, with values at dotted paths replaced.

        A key that the sample knows nothing of, not even in a comment, is a mistake.
        """
        text = (self.folder / "config" / name).read_text()
        sample: dict[str, Any] = yaml.safe_load(text)
        for path, value in changes.items():
            *parents, last = path.split(".")
            place = sample
            for parent in parents:
                place = place[parent]
            if f"{last}:" not in text:
                raise KeyError(path)
            place[last] = value
        return sample


def release() -> Release:
    """The release whose programs are on PATH; skips the test, saying why, where there is none."""
    found = shutil.which("orderer")
    if found is None or shutil.which("peer") is None:
        pytest.skip("real nodes: `orderer` and `peer` of Fabric 3.1 are not on PATH")
    folder = Path(found).resolve().parent.parent
    for part in ("bin/peer", "config/core.yaml", "config/orderer.yaml", "builders/ccaas/bin/build"):
        if not (folder / part).exists():
            pytest.skip(f"real nodes: the release at {folder} has no {part}")
    return Release(folder)
