"""The whole way on official nodes: channel, memberships, chaincode, updates, and what refresh finds."""

import pytest

from heddle.errors import FabricError, HeddleError, ProviderError
from heddle.plugin.interface import DiffKind
from tests.provider.harness import (
    Engine,
)
from tests.provider.real import (
    channel_inputs,
    live_config,
    membership_inputs,
    put_all_in_force,
    update_channel,
    without_orderers,
)
from tests.provider.tokens import CHANNEL, DEFINITION, MEMBERSHIP
from tests.real.network import RealNetwork

pytestmark = pytest.mark.real


async def test_the_whole_way(network: RealNetwork, engine: Engine) -> None:
    """From running nodes to committed chaincode, twice: the second time changes nothing."""
    first = await put_all_in_force(network, engine)
    second = await put_all_in_force(network, engine)
    assert second == first
    assert first["sequence"] == 0
    assert (await engine.read(DEFINITION, "definition")).id == "channel/assets"
    for name in ("member-0", "member-1"):
        assert (await engine.read(MEMBERSHIP, name)).id


async def test_a_new_orderer_joins_orders_and_is_announced(network: RealNetwork, engine: Engine) -> None:
    """One that is down stops the update with its name; then it is a consenter first, an endpoint second."""
    before = await engine.up(
        CHANNEL, "channel", channel_inputs(network, **without_orderers(network, "orderer3"))
    )
    network.programs["orderer3"].stop()
    with pytest.raises(HeddleError, match="orderer3"):
        await update_channel(engine, channel_inputs(network), seconds=1.0)
    network.programs["orderer3"].start()
    network.programs["orderer3"].wait()
    _, message = await engine.preview(CHANNEL, "channel", channel_inputs(network))
    assert message.splitlines()[1:3] == ["join the orderer orderer3", "update 1 of 2: add a consenter"]
    after = await engine.up(CHANNEL, "channel", channel_inputs(network))
    assert after["genesisHash"] == before["genesisHash"]
    assert after["sequence"] == 2
    live = await live_config(network, engine, "orderer3")
    wanted = [consenter.address for consenter in network.settings().consenters]
    assert [consenter.address for consenter in live.settings.consenters] == wanted
    assert len(live.settings.orderer_organizations[0].endpoints) == 3


async def test_a_foreign_channel_is_refused(network: RealNetwork, engine: Engine) -> None:
    """Orderers that hold a channel of this name of somebody else's making are left alone."""
    await engine.up(CHANNEL, "channel", channel_inputs(network))
    value = channel_inputs(network)
    other = Engine()
    value["ordererOrganizations"][0]["name"] = "somebody"
    try:
        with pytest.raises(ProviderError, match="not this stack's"):
            await other.up(CHANNEL, "channel", value)
    finally:
        await other.provider.close()


async def test_batch_timeout(network: RealNetwork, engine: Engine) -> None:
    """A changed batch timeout is previewed with its signatures, applied, and then no difference any more."""
    await engine.up(CHANNEL, "channel", channel_inputs(network))
    wanted = channel_inputs(network, batch={"timeout": "1s"})
    diff = await engine.diff(CHANNEL, "channel", wanted)
    assert diff.detailed == {"batch.timeout": DiffKind.UPDATE}
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert message.splitlines() == [
        "channel channel, configuration 0: batch timeout: 200ms → 1s",
        "update 1 of 1: settings",
        "  batch timeout: 200ms → 1s",
        "  [Value]  /Channel/Orderer/BatchTimeout: version 0 → 1",
        "    value.timeout: 200ms → 1s",
        "  signatures /Channel/Orderer/Admins: signed",
    ]
    state = await engine.up(CHANNEL, "channel", wanted)
    assert state["sequence"] == 1
    assert not (await engine.diff(CHANNEL, "channel", wanted)).changes
    assert (await live_config(network, engine)).settings.batch.timeout == "1s"


async def test_consenters_leave_one_at_a_time(network: RealNetwork, engine: Engine) -> None:
    """Endpoints go first, then each node in an update of its own; a node that leaves may be down."""
    await engine.up(CHANNEL, "channel", channel_inputs(network))
    network.programs["orderer1"].stop()
    state = await engine.up(
        CHANNEL, "channel", channel_inputs(network, **without_orderers(network, "orderer1", "orderer2"))
    )
    live = await live_config(network, engine, "orderer3")
    assert [one.port for one in live.settings.consenters] == [network.orderers[2].port]
    assert len(live.settings.orderer_organizations[0].endpoints) == 1
    assert state["sequence"] == live.sequence == 3


async def test_refresh_knows_gone_from_unreachable(network: RealNetwork, engine: Engine) -> None:
    """Only a node's own answer makes a resource gone; silence is a warning and keeps the state."""
    channel = await engine.up(CHANNEL, "channel", channel_inputs(network))
    await engine.up(MEMBERSHIP, "member-0", membership_inputs(network, 0, channel["genesisHash"]))
    engine.ids["member-1"] = "x"
    engine.inputs["member-1"] = await engine.check(
        MEMBERSHIP, "member-1", membership_inputs(network, 1, channel["genesisHash"])
    )
    engine.outputs["member-1"] = engine.inputs["member-1"]
    assert (await engine.read(MEMBERSHIP, "member-1")).id == "", "this peer never joined"
    assert (await engine.read(MEMBERSHIP, "member-0")).id
    for program in network.programs.values():
        program.stop()
    for kind, name in ((MEMBERSHIP, "member-0"), (CHANNEL, "channel")):
        before = engine.outputs[name]
        assert (await engine.read(kind, name)).properties == before
    assert all("ledger not read" in message for message in engine.log.of("warning"))
    assert len(engine.log.of("warning")) == 2
    with pytest.raises(HeddleError):
        await update_channel(engine, channel_inputs(network, batch={"timeout": "1s"}), seconds=1.0)


async def test_a_peer_of_another_network_is_refused(network: RealNetwork, engine: Engine) -> None:
    """A peer that joined a channel of this name with another block 0 is left alone, with the way out."""
    channel = await engine.up(CHANNEL, "channel", channel_inputs(network))
    await engine.up(MEMBERSHIP, "member-0", membership_inputs(network, 0, channel["genesisHash"]))
    with pytest.raises(ProviderError, match="another channel named channel"):
        await engine.up(MEMBERSHIP, "other", membership_inputs(network, 0, "0" * 64))
    with pytest.raises(FabricError, match="This is another channel of the same name"):
        await engine.up(MEMBERSHIP, "third", membership_inputs(network, 1, "0" * 64))
