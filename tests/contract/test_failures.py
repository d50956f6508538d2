"""Nodes that are away (tests/fabric/test_real_failures.py), on stand-ins: the same tests again."""

from tests.contract.standins import real_network, same_tests
from tests.fabric import test_real_failures
from tests.fabric.conftest import connections
from tests.fabric.test_real_failures import network, organization

__all__ = ["connections", "network", "organization", "real_network"]

globals().update(same_tests(test_real_failures))
