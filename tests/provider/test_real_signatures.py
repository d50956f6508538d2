"""Updates that need others' signatures, and what others have changed."""

from base64 import b64decode

import pytest

from heddle.configtx.request import request_envelope, request_from_bytes, sign_request
from heddle.configtx.review import still_missing
from heddle.errors import HeddleError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.orderer import broadcast
from heddle.plugin import interface as api
from heddle.plugin.interface import DiffKind
from tests.provider.harness import (
    Engine,
    signer_value,
)
from tests.provider.real import change_from_outside, channel_inputs, live_config, wait_for_sequence
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork

pytestmark = pytest.mark.real


async def test_missing_signatures_leave_a_request(network: RealNetwork, engine: Engine) -> None:
    """Without the ordering administrator nothing is sent; signed elsewhere and handed in, nothing is left."""
    await engine.up(CHANNEL, "channel", channel_inputs(network))
    admin = network.organizations["organization"].admin
    wanted = channel_inputs(network, batch={"timeout": "1s"}, signers=[signer_value(admin)])
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert message.splitlines() == [
        "channel channel, configuration 0: SIGNATURES MISSING, batch timeout: 200ms → 1s",
        "update 1 of 1: settings",
        "  batch timeout: 200ms → 1s",
        "  [Value]  /Channel/Orderer/BatchTimeout: version 0 → 1",
        "    value.timeout: 200ms → 1s",
        "  signatures /Channel/Orderer/Admins: MISSING OrderingMSP.admin",
        "the update will stop there and leave a request: `heddle channel request`",
    ]
    with pytest.raises(api.PartialFailure, match=r"MISSING OrderingMSP\.admin"):
        await engine.up(CHANNEL, "channel", wanted)
    live = await live_config(network, engine)
    assert live.sequence == 0
    kept = str(engine.outputs["channel"]["request"])
    with pytest.raises(api.PartialFailure):
        await engine.up(CHANNEL, "channel", wanted)
    assert engine.outputs["channel"]["request"] == kept, "a copy of it may be on its way"

    request = sign_request(request_from_bytes(b64decode(kept)), network.ordering.admin)
    assert not still_missing(request, live.config)
    async with Connections(DirectDialer()) as connections:
        await broadcast(connections, network.orderers[2], request_envelope(request, admin), deadline=5)
    await wait_for_sequence(network, engine, 1)
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert message == "channel channel, configuration 1: nothing to change on the ledger"
    state = await engine.up(CHANNEL, "channel", wanted)
    assert (state["request"], state["sequence"]) == ("", 1)
    assert not (await engine.diff(CHANNEL, "channel", wanted)).changes


async def test_a_request_that_time_passed_over(network: RealNetwork, engine: Engine) -> None:
    """When others changed the channel first, the request is of no use: the next run makes another."""
    await engine.up(CHANNEL, "channel", channel_inputs(network))
    admin = network.organizations["organization"].admin
    wanted = channel_inputs(network, batch={"timeout": "1s"}, signers=[signer_value(admin)])
    with pytest.raises(api.PartialFailure):
        await engine.up(CHANNEL, "channel", wanted)
    old = engine.outputs["channel"]["request"]
    await change_from_outside(network, engine, max_message_count=77)
    with pytest.raises(api.PartialFailure):
        await engine.up(CHANNEL, "channel", wanted)
    new = engine.outputs["channel"]["request"]
    assert request_from_bytes(b64decode(str(new))).sequence == 1
    assert new != old
    await change_from_outside(network, engine, max_message_count=78)
    result = await engine.read(CHANNEL, "channel")
    assert result.properties["request"] == ""


async def test_what_others_changed(network: RealNetwork, engine: Engine) -> None:
    """Others' changes are kept, what both changed is refused, and a refresh shows the difference."""
    await engine.up(CHANNEL, "channel", channel_inputs(network))
    await change_from_outside(network, engine, max_message_count=77)
    await engine.up(CHANNEL, "channel", channel_inputs(network, batch={"timeout": "1s"}))
    batch = (await live_config(network, engine)).settings.batch
    assert (batch.timeout, batch.max_message_count) == ("1s", 77), "ours is applied, theirs is kept"

    conflicting = channel_inputs(network, batch={"timeout": "1s", "maxMessageCount": 88})
    both = "batch max message count: 500 → 77 on the channel, 500 → 88 here"
    with pytest.raises(HeddleError, match=both):
        await engine.preview(CHANNEL, "channel", conflicting)
    with pytest.raises(HeddleError, match=both):
        await engine.up(CHANNEL, "channel", conflicting)

    await engine.read(CHANNEL, "channel")
    diff = await engine.diff(CHANNEL, "channel", conflicting)
    assert diff.detailed == {"batch.maxMessageCount": DiffKind.UPDATE}
    await engine.up(CHANNEL, "channel", conflicting)
    assert (await live_config(network, engine)).settings.batch.max_message_count == 88
