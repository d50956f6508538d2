"""The network that most tests of components look at, recorded once for each module."""

import pytest

from tests.components.declared import NETWORK
from tests.components.recording import Recorder, record


@pytest.fixture(scope="module")
def network() -> Recorder:
    return record(NETWORK)


@pytest.fixture(scope="module")
def public() -> Recorder:
    return record({**NETWORK, "disposable": True}, public_address="192.0.2.1")
