"""A channel that names orderers itself, on stand-ins: the same tests again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.standins import prepared_standins, same_tests
from tests.provider import test_real_global_addresses
from tests.real.network import RealNetwork


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_standins(tmp_path, orderers=3, peers={"organization": 1})
    network.start()
    yield network
    network.stop()


globals().update(same_tests(test_real_global_addresses))
