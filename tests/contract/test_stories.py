"""Private data, and what else chaincodes ask of a peer, told as small stories."""

from typing import Any

import pytest

from heddle.fabric.connection import Connections
from tests.contract.scene import Scene, cases
from tests.contract.scripts import Player


@pytest.mark.parametrize("case", cases("private"), ids=lambda case: case["name"])
async def test_private_data(probed: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """Who gets them, who may read and write, whose endorsement counts, and when they end."""
    await Player(probed, connections).play(case["steps"])


@pytest.mark.parametrize("case", cases("definitions"), ids=lambda case: case["name"])
async def test_definitions(probed: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """How organizations come to agree on a chaincode, and on what they cannot."""
    await Player(probed, connections).play(case["steps"])


@pytest.mark.parametrize("case", cases("chaincodes"), ids=lambda case: case["name"])
async def test_chaincodes(probed: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """Initialization, history, composite keys, calls from one to another, policies of keys."""
    await Player(probed, connections).play(case["steps"])
