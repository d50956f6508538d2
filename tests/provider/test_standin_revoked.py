"""What official nodes do with a leaked key holds on stand-ins: the same test again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.standins import StandinRelease, same_tests
from tests.provider import test_real_revoked
from tests.provider.test_real_revoked import connections
from tests.real.network import RealNetwork

__all__ = ["connections"]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = test_real_revoked.prepared(tmp_path, StandinRelease(tmp_path / "release"))
    network.start()
    yield network
    network.stop()


globals().update(same_tests(test_real_revoked))
