"""Real nodes for the tests marked `real`."""

from tests.real.network import real_consortium, real_network

__all__ = ["real_consortium", "real_network"]
