"""A network of official nodes, for the tests that ask for it."""

from tests.real.network import real_network

__all__ = ["real_network"]
