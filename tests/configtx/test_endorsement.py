"""Endorsement policies become the bytes that Fabric's own parser makes."""

import pytest

from heddle.configtx.endorsement import DEFAULT_POLICY, policy_bytes, policy_text
from heddle.errors import ConfigtxError


@pytest.mark.parametrize(
    "text",
    [
        "OR('Org1MSP.peer')",
        "AND('A.member', 'B.admin')",
        "OutOf(2, 'A.peer', OR('B.client', 'C.orderer'), 'D.peer')",
        "/Channel/Application/Endorsement2",
        None,
    ],
)
def test_bytes_read_back_as_written(text: str | None) -> None:
    """What the ledger holds can be shown, and compared with what is wanted."""
    assert policy_text(policy_bytes(text)) == text


def test_the_default() -> None:
    """Without a policy the channel's own holds, in the very bytes that Fabric's tools write."""
    assert policy_bytes(None) == DEFAULT_POLICY
    assert policy_bytes("/Channel/Application/Endorsement") == DEFAULT_POLICY


def test_mistakes_are_shown() -> None:
    """With the text, the problem and an example; what bytes cannot be read is said, too."""
    with pytest.raises(ConfigtxError, match="Write for example"):
        policy_bytes("OR('A.peer'")
    with pytest.raises(ConfigtxError, match="an endorsement policy cannot be read"):
        policy_text(b"\xff\xff")
