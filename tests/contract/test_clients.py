"""What Heddle's clients promise on official nodes (tests/fabric) holds on stand-ins: the same tests again."""

from tests.contract.standins import real_network, same_tests
from tests.fabric import test_real_channel
from tests.fabric.conftest import connections
from tests.fabric.test_real_channel import deployed, organization

__all__ = ["connections", "deployed", "organization", "real_network"]

ONLY_REAL = {"test_official_tools_read_what_heddle_made"}
"""These need more of the release than nodes."""


globals().update(same_tests(test_real_channel, without=ONLY_REAL))
