"""What the provider promises on official nodes holds on stand-ins: the same tests again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.standins import prepared_standins, same_tests
from tests.provider import (
    test_real,
    test_real_definitions,
    test_real_health,
    test_real_killed,
    test_real_signatures,
)
from tests.real.network import RealNetwork


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    """Three orderers and two peers, stand-ins all."""
    network = prepared_standins(tmp_path)
    network.start()
    yield network
    network.stop()


for _each in (test_real, test_real_definitions, test_real_health, test_real_killed, test_real_signatures):
    globals().update(same_tests(_each))
