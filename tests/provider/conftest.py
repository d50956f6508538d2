"""The provider as an engine sees it, closed after each test."""

from collections.abc import AsyncIterator

import pytest

from tests.provider.harness import Engine


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.provider.close()
