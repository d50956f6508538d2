"""What the provider promises on official nodes holds on stand-ins: the same tests again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.standins import prepared_standins, same_tests
from tests.provider import test_real
from tests.real.network import RealNetwork


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    """Three orderers and two peers, stand-ins all."""
    network = prepared_standins(tmp_path)
    network.start()
    yield network
    network.stop()


globals().update(same_tests(test_real))
