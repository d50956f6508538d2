"""What real nodes tell of their certificates, stand-ins tell: the same tests again."""

from tests.contract.standins import real_network, same_tests
from tests.network import test_real_certificates
from tests.network.test_real_certificates import network

__all__ = ["network", "real_network"]

globals().update(same_tests(test_real_certificates))
