"""Authorities are exchanged, on stand-ins: the same tests again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.standins import StandinRelease, prepared_standins, same_tests
from tests.provider import test_real_authorities
from tests.provider.test_real_authorities import brief, lives_until, secured
from tests.real.network import RealNetwork

__all__ = ["brief", "lives_until"]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = secured(prepared_standins(tmp_path, orderers=3, peers={"alpha": 1}))
    network.start()
    yield network
    network.stop()


@pytest.fixture
def bare(tmp_path: Path) -> RealNetwork:
    return RealNetwork(tmp_path, StandinRelease(tmp_path / "release"))


globals().update(same_tests(test_real_authorities))
