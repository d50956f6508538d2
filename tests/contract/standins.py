"""A network of stand-ins as processes on loopback: the network of `tests.real.network` on other programs."""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from heddle.embedded.fabric.release import RELEASE
from tests.real.network import RealNetwork, prepared_network, running
from tests.real.release import Release

ROOT = Path(__file__).parents[2]


class StandinRelease(Release):
    """Programs `orderer` and `peer` that run the stand-ins from this checkout, and play a release."""

    def __init__(self, folder: Path, plays: str = "") -> None:
        super().__init__(folder)
        played = f"{RELEASE}={plays} " if plays else ""
        (folder / "bin").mkdir(parents=True)
        for name in ("orderer", "peer"):
            program = folder / "bin" / name
            program.write_text(
                f"#!/bin/sh\nexport PYTHONPATH={ROOT} {played}\n"
                f'exec {sys.executable} -m heddle.embedded.fabric.{name} "$@"\n'
            )
            program.chmod(0o755)

    def sample(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Only what a test changes: everything else has upstream's default in a stand-in."""
        tree: dict[str, Any] = {}
        for path, value in changes.items():
            *parents, last = path.split(".")
            place = tree
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        return tree


def prepared_standins(
    folder: Path, *, orderers: int = 3, peers: Mapping[str, int] | None = None
) -> RealNetwork:
    """A network of stand-ins that has not been started; `peers` is their number per organization."""
    programs = StandinRelease(folder / "release")
    return prepared_network(folder, orderers=orderers, peers=peers, programs=programs)


@pytest.fixture(scope="module")
def real_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    """Under the name that tests of official nodes ask for: the same network on stand-ins."""
    yield from running(prepared_standins(tmp_path_factory.mktemp("standins")))


def same_tests(module: ModuleType, *, without: Collection[str] = ()) -> dict[str, Callable[..., Any]]:
    """The tests of a module, to be run again in another one, with that one's fixtures."""
    found = vars(module).items()
    return {name: test for name, test in found if name.startswith("test_") and name not in without}
