"""The unpacked Fabric release whose programs are on PATH."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import programs

_OLDER = "HEDDLE_OLDER_FABRIC"
PARTS = ("bin/peer", "config/core.yaml", "config/orderer.yaml", "builders/ccaas/bin/build")


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
    """Return the release whose programs are on PATH; end the test where there is none that is whole."""
    programs.need("orderer", "peer")
    found = release_folder()
    if isinstance(found, str):
        programs.unavailable(programs.FABRIC, found)
    return Release(found)


def release_folder() -> Path | str:
    """Return the folder of the release whose programs are on PATH, or why there is none that is whole."""
    orderer = programs.path_of("orderer")
    if orderer is None:
        return "not on PATH: orderer"
    folder = Path(orderer).resolve().parent.parent
    missing = [part for part in PARTS if not (folder / part).exists()]
    return f"the release at {folder} has no {missing[0]}" if missing else folder


def older_release() -> Release:
    """Return the earlier release in the folder of HEDDLE_OLDER_FABRIC, unpacked like the one on PATH."""
    folder = Path(os.environ.get(_OLDER, ""))
    if _OLDER not in os.environ:
        programs.unavailable(programs.OLDER, f"{_OLDER} names no folder")
    missing = [part for part in PARTS if not (folder / part).exists()]
    if missing:
        programs.unavailable(programs.OLDER, f"the release at {folder} has no {missing[0]}")
    return Release(folder)
