"""What the check of all blocks promises on official nodes holds on stand-ins: the same tests again."""

import pytest

from tests.contract.standins import real_network, same_tests
from tests.network import test_real_ledgers
from tests.network.test_real_ledgers import genesis_hash, heddle, instance

__all__ = ["genesis_hash", "heddle", "instance", "real_network"]


@pytest.fixture
def keeps_blocks_in_memory() -> bool:
    """A stand-in reads each block from its file, and its whole ledger when it starts."""
    return False


globals().update(same_tests(test_real_ledgers))
