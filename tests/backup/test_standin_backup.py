"""What `heddle backup` promises on official nodes holds on stand-ins: the same tests again."""

from tests.backup import test_real_backup
from tests.backup.test_real_backup import genesis_hash, heddle, instance, key
from tests.contract.standins import real_network, same_tests

__all__ = ["genesis_hash", "heddle", "instance", "key", "real_network"]

globals().update(same_tests(test_real_backup))
