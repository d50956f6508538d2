"""`heddle channel settings`: what new channels get, beside what each channel has."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fabric_protos.common.common_pb2 import Block
from typer.testing import CliRunner, Result

from heddle.cli import channel_settings
from heddle.cli.app import app
from heddle.configtx.genesis import genesis_block
from heddle.settings import BatchSettings, written_settings
from heddle.settings.raft_options import RaftOptions
from tests.configtx.networks import trade
from tests.network.samples import plain_instance, sample_network, use_network

NEW = written_settings(BatchSettings(max_message_count=100), RaftOptions(), {"channel": "V3_0"})
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command on a stack of two channels: `channel`, with 500 messages a block, and `audit`, 100."""

    async def read(_: object, __: object, history: Any) -> Block:
        count = 500 if history.channel == "channel" else 100
        return genesis_block(replace(trade(), batch=BatchSettings(max_message_count=count)))

    def invoke(*arguments: str, new: dict[str, str] | None = NEW) -> Result:
        data = plain_instance() | ({} if new is None else {"newChannels": new})
        data["channels"]["audit"] = data["channels"]["channel"]
        use_network(monkeypatch, sample_network(data))
        return CliRunner().invoke(app, ["channel", "settings", "dev", *arguments], env={"COLUMNS": "120"})

    monkeypatch.setattr(channel_settings, "read_config_block", read)
    return invoke


def test_every_channel_stands_beside_what_new_ones_get(run: Run) -> None:
    """A row for each setting, written as in the stack file; a column for each channel."""
    shown = run()

    rows = {line.split()[0]: line.split()[1:] for line in shown.output.splitlines()}
    assert rows["SETTING"] == ["NEW", "CHANNELS", "CHANNEL", "AUDIT"]
    assert rows["batch.messages"] == ["100", "500", "100"]
    assert rows["capabilities.channel"] == ["V3_0", "V3_0", "V3_0"]
    assert rows["snapshotIntervalSize"] == ["16", "MB", "16", "MB", "16", "MB"]


def test_one_channel_can_be_named(run: Run) -> None:
    """Another one is not asked."""
    found = json.loads(run("audit", "--json").output)

    assert found["newChannels"] == NEW
    assert {name: each["batch.messages"] for name, each in found["channels"].items()} == {"audit": "100"}


def test_what_an_earlier_release_did_not_write_is_left_open(run: Run) -> None:
    """Its output does not say what new channels get; what is in force is shown all the same."""
    rows = {line.split()[0]: line.split()[1:] for line in run("channel", new=None).output.splitlines()}

    assert rows["batch.messages"] == ["–", "500"]
