"""Capabilities on stand-ins, some of which play an earlier release: the same tests again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from heddle.provider.channel import update
from tests.contract.standins import StandinRelease, same_tests
from tests.provider import test_real_capabilities
from tests.provider.test_real_capabilities import Upgradable, upgradable_network
from tests.real.network import prepared_network


@pytest.fixture
def upgradable(tmp_path: Path) -> Iterator[Upgradable]:
    older = StandinRelease(tmp_path / "older", plays="v2.5.16")
    network = prepared_network(tmp_path, orderers=3, peers={"organization": 2}, programs=older)
    yield from upgradable_network(network, StandinRelease(tmp_path / "later"))


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "_HAVING", 2.0)


globals().update(same_tests(test_real_capabilities))
