"""Real nodes for the tests marked `real`, and connections that are closed after each test."""

from collections.abc import AsyncIterator

import pytest

from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from tests.real.network import real_consortium, real_network

__all__ = ["connections", "real_consortium", "real_network"]


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections(DirectDialer()) as connections:
        yield connections
