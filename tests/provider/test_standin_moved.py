"""Consenters get other addresses, on stand-ins: the same tests again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.standins import prepared_standins, same_tests
from tests.provider import test_real_moved
from tests.real.network import RealNetwork


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    standins = prepared_standins(tmp_path, orderers=4, peers={"organization": 1})
    yield from test_real_moved.with_orderers(standins)


globals().update(same_tests(test_real_moved))
