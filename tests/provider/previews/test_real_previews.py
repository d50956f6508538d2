"""The same previews on official nodes, in the same words."""

from collections.abc import Iterator

import pytest

from tests.contract.standins import same_tests
from tests.provider.previews import test_previews
from tests.provider.previews.test_previews import case, world
from tests.real.network import RealNetwork, prepared_network

__all__ = ["case", "world"]

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    folder = tmp_path_factory.mktemp("real")
    network = prepared_network(folder, orderers=4, peers={"alpha": 2, "beta": 1, "gamma": 1})
    yield network
    network.stop()


globals().update(same_tests(test_previews))
