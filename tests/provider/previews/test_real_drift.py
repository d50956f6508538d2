"""The same drift on official nodes: what others do is done with `peer` and `configtxlator`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.standins import same_tests
from tests.provider.previews import test_drift
from tests.provider.previews.others import OfficialOthers, Others
from tests.provider.previews.test_drift import official, project
from tests.real.network import RealNetwork, prepared_network

__all__ = ["official", "project"]

pytestmark = pytest.mark.real


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path / "network", orderers=4, peers={"alpha": 2, "beta": 1, "gamma": 1})
    network.start()
    yield network
    network.stop()


@pytest.fixture
def others(network: RealNetwork) -> Others:
    return OfficialOthers(network)


globals().update(same_tests(test_drift))
