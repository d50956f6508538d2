"""Connections to stand-ins, which are dialled directly."""

from collections.abc import AsyncIterator

import pytest

from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    """Closed after each test."""
    async with Connections(DirectDialer()) as connections:
        yield connections
