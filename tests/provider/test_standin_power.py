"""A network of stand-ins sleeps and wakes: the same tests again."""

from tests.contract.standins import real_network, same_tests
from tests.provider import test_real_power
from tests.provider.test_real_power import connections

__all__ = ["connections", "real_network"]

globals().update(same_tests(test_real_power))
