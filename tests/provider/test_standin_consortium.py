"""What holds between organizations on official nodes holds on stand-ins: the same tests again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.standins import prepared_standins, same_tests
from tests.provider import test_real_consortium
from tests.real.network import RealNetwork


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_standins(tmp_path, orderers=1, peers={"alpha": 1, "beta": 1})
    network.start()
    yield network
    network.stop()


globals().update(same_tests(test_real_consortium))
