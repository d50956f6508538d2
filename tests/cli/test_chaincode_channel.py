"""Which channel a call of `heddle chaincode query|invoke` goes to."""

import pytest
from typer.testing import CliRunner

from heddle.cli.app import app
from heddle.fabric import gateway
from tests.network.samples import plain_instance, sample_network, use_network

FURTHER = {"audit": {"sequence": 1, "endorsementPolicy": "", "initRequired": False, "collections": []}}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The channels of all calls; the chaincode is on two, the peer of organization one on three."""
    data = plain_instance()
    data["channels"] |= dict.fromkeys(("audit", "other"), data["channels"]["channel"])
    data["chaincodes"]["assets"]["further"] = FURTHER
    use_network(monkeypatch, sample_network(data))
    channels: list[str] = []

    async def evaluate(
        _: object, __: object, ___: object, channel: str, *____: object, **_____: object
    ) -> bytes:
        channels.append(channel)
        return b"yes"

    monkeypatch.setattr(gateway, "evaluate", evaluate)
    return channels


def test_a_chaincode_on_several_channels_wants_a_choice_among_its_own(called: list[str]) -> None:
    """The channels of others are not offered."""
    result = CliRunner().invoke(app, ["chaincode", "query", "dev", "list"], env={"COLUMNS": "200"})

    assert result.exit_code == 2
    assert "--channel: name one of: audit, channel" in result.output
    assert called == []


@pytest.mark.parametrize("channel", ["channel", "audit"])
def test_the_channel_that_is_named_is_called(called: list[str], channel: str) -> None:
    """Each of them, whichever is the first."""
    result = CliRunner().invoke(app, ["chaincode", "query", "dev", "--channel", channel, "list"])

    assert (result.exit_code, result.output) == (0, "yes\n")
    assert called == [channel]


def test_a_peer_that_is_not_there_is_named_with_those_that_are(called: list[str]) -> None:
    """What was found, and what is allowed."""
    line = ["chaincode", "query", "dev", "--channel", "channel", "--peer", "peer7", "list"]
    result = CliRunner().invoke(app, line, env={"COLUMNS": "200"})

    assert result.exit_code == 2
    assert "--peer peer7: organization one has on channel channel: peer0-one" in result.output
    assert called == []
