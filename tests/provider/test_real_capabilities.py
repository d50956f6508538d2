"""Capabilities on official nodes: raised when all nodes have them, last of all, and never lowered."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.configtx.blocks import config_of
from heddle.configtx.edit import apply_settings
from heddle.configtx.read import settings_of
from heddle.configtx.settings import Capabilities
from heddle.errors import HeddleError, Refused
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.fabric.orderer import broadcast, config_block
from heddle.plugin.interface import PartialFailure
from heddle.provider.channel import update
from heddle.waiting import poll
from tests.contract.updates import signed_update
from tests.provider.harness import Engine, channel_value, node_value, signer_value, tls_value
from tests.provider.tokens import CHANNEL, MEMBERSHIP, ROLLOUT
from tests.real.network import RealNetwork, prepared_network
from tests.real.release import Release, older_release, release

pytestmark = pytest.mark.real

OLD = {"channel": "V2_0", "orderer": "V2_0", "application": "V2_0"}
NEW = {"channel": "V3_0", "orderer": "V2_0", "application": "V2_5"}


class Upgradable:
    """A network whose nodes run an earlier release until each gets a later one."""

    def __init__(self, network: RealNetwork, later: Release) -> None:
        self.network, self._later = network, later
        nodes = (*network.orderers, *network.peers)
        self._earlier = {node.name: network.programs[node.name].argv[0] for node in nodes}
        for node in network.orderers:  # no orderer starts with a key that it does not know
            path = network.folder / node.name / "orderer.yaml"
            content = yaml.safe_load(path.read_text())
            content.pop("Kafka", None)
            path.write_text(yaml.safe_dump(content))
            defaults = {"GENERAL_BOOTSTRAPMETHOD": "none", "CHANNELPARTICIPATION_ENABLED": "true"}
            network.programs[node.name].environment |= {f"ORDERER_{k}": v for k, v in defaults.items()}

    def upgrade(self, *names: str) -> None:
        """Restart nodes with the later release; their files stay as they are."""
        for name in names:
            self._run(name, self._later.program(Path(self._earlier[name]).name))
        self.restart(*names)

    def restart(self, *names: str) -> None:
        for name in names:
            self.network.programs[name].stop()
        self.network.start()

    def downgrade(self, name: str) -> str:
        """Start a node with the earlier release again; what it says before it ends."""
        self._run(name, self._earlier[name])
        program = self.network.programs[name]
        program.stop()
        program.log.write_bytes(b"")
        program.start()
        program.ended()
        return program.tail(400)

    def _run(self, name: str, program: str) -> None:
        argv = self.network.programs[name].argv
        self.network.programs[name].argv = [program, *argv[1:]]


@pytest.fixture
def upgradable(tmp_path: Path) -> Iterator[Upgradable]:
    later, programs = release(), older_release()
    network = prepared_network(tmp_path, orderers=3, peers={"organization": 2}, programs=programs)
    yield from upgradable_network(network, later)


def upgradable_network(network: RealNetwork, later: Release) -> Iterator[Upgradable]:
    """Run a network on the earlier release."""
    try:
        found = Upgradable(network, later)
        network.start()
        yield found
    finally:
        network.stop()


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody restarts while an update waits here."""
    monkeypatch.setattr(update, "_HAVING", 2.0)


def _channel(network: RealNetwork, capabilities: dict[str, str], **changes: Any) -> dict[str, Any]:
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    settings = replace(network.settings(), capabilities=Capabilities(**capabilities))
    value = channel_value(settings, network.orderers, signers, network.admin_tls)
    peers = [node_value(node) for node in network.peers]
    return value | {"capabilities": capabilities, "peers": peers} | changes


async def _founded(upgradable: Upgradable, engine: Engine) -> None:
    network = upgradable.network
    outputs = await engine.up(CHANNEL, "channel", _channel(network, OLD))
    for number, peer in enumerate(network.peers):
        value = {
            "channel": "channel",
            "genesisHash": outputs["genesisHash"],
            "peer": node_value(peer),
            "orderers": [node_value(node) for node in network.orderers],
            "signer": signer_value(network.organization_of(peer).admin),
        }
        await engine.up(MEMBERSHIP, f"member-{number}", value)


async def _in_force(engine: Engine, value: dict[str, Any]) -> None:
    """Nothing of a Channel's inputs differs from what the channel says."""
    await engine.read(CHANNEL, "channel")
    assert not (await engine.diff(CHANNEL, "channel", value)).changes


async def test_all_that_is_wanted_but_capabilities_comes_before_the_nodes_have_them(
    upgradable: Upgradable, engine: Engine
) -> None:
    """Nodes of before go on with the channel; the refusal names them, and the next `up` goes on."""
    network = upgradable.network
    await _founded(upgradable, engine)
    wanted = _channel(network, NEW)
    wanted["batch"] = {**wanted["batch"], "maxMessageCount": 77}

    _, message = await engine.preview(CHANNEL, "channel", wanted)
    lines = message.splitlines()
    assert [line for line in lines if line.startswith("update ")] == [
        "update 1 of 3: settings",
        "update 2 of 3: raise a capability",
        "update 3 of 3: raise a capability",
    ]
    assert "  channel capability: V2_0 → V3_0" in lines
    assert any("peer1-organization: runs " in line or "peer1: runs " in line for line in lines), message
    assert "WILL BE REFUSED" not in message, "the same run may bring the nodes up with their new images first"

    with pytest.raises((PartialFailure, HeddleError), match="every node of every member must have it first"):
        await engine.up(CHANNEL, "channel", wanted)
    await _in_force(engine, {**wanted, "capabilities": OLD})

    names = [node.name for node in (*network.orderers, *network.peers)]
    for name in names[:-1]:
        upgradable.upgrade(name)
    with pytest.raises((PartialFailure, HeddleError), match=names[-1]):
        await engine.up(CHANNEL, "channel", wanted)
    upgradable.upgrade(names[-1])

    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert "every node has it: 5 nodes asked" in message
    assert "a point of no return" in message
    await engine.up(CHANNEL, "channel", wanted)
    await _in_force(engine, wanted)
    upgradable.restart(*names)
    await _in_force(engine, wanted)


async def test_an_orderer_of_before_takes_no_update_to_a_capability_that_it_lacks(
    upgradable: Upgradable, engine: Engine
) -> None:
    """What Heddle waits for before it sends the update, the ordering service would refuse, too."""
    network = upgradable.network
    await _founded(upgradable, engine)
    admin, orderer = network.ordering.admin, network.orderers[0]
    async with Connections(DirectDialer()) as connections:
        old = config_of(await config_block(connections, orderer, "channel", admin, deadline=10)).config
        wanted = replace(
            settings_of(old, channel="channel"), capabilities=Capabilities(**{**OLD, "channel": "V3_0"})
        )
        new = apply_settings(old, wanted, None)
        signers = [admin, *(each.admin for each in network.organizations.values())]
        envelope = signed_update("channel", old, new, signers)
        with pytest.raises(Refused, match=r"update to existing channel .*: Must set some Ord"):
            await broadcast(connections, orderer, envelope, deadline=10)
    await _in_force(engine, _channel(network, OLD))


async def _upgraded(upgradable: Upgradable, engine: Engine) -> list[Node]:
    await _founded(upgradable, engine)
    nodes = [*upgradable.network.orderers, *upgradable.network.peers]
    upgradable.upgrade(*(node.name for node in nodes))
    await engine.up(CHANNEL, "channel", _channel(upgradable.network, NEW))
    return nodes


async def test_a_capability_is_never_lowered_since_nodes_of_before_do_not_start(
    upgradable: Upgradable, engine: Engine
) -> None:
    """The preview refuses, and says why; what it says is true."""
    nodes = await _upgraded(upgradable, engine)
    lower = _channel(upgradable.network, OLD)
    with pytest.raises(HeddleError, match="older nodes do not get past the block that raised it"):
        await engine.preview(CHANNEL, "channel", lower)
    with pytest.raises(HeddleError, match="has channel capability V3_0, wanted V2_0"):
        await engine.up(CHANNEL, "channel", lower)
    await _in_force(engine, _channel(upgradable.network, NEW))
    assert "panic" in upgradable.downgrade(nodes[2].name)


def _rollout(network: RealNetwork, kind: str, release: str) -> dict[str, Any]:
    """A Rollout of all nodes of a kind, with images that claim a release."""
    nodes = network.orderers if kind == "orderer" else network.peers
    signer = network.ordering.admin if kind == "orderer" else network.organization_of(nodes[0]).admin
    return {
        "kind": kind,
        "namespace": "n",
        "nodes": [node_value(node) for node in nodes],
        "revisions": {node.name: release for node in nodes},
        "images": {node.name: f"docker.io/hyperledger/fabric-{kind}:{release}" for node in nodes},
        "channels": ["channel"],
        "memberships": {"channel": [node.name for node in nodes]} if kind == "peer" else {},
        "signers": [signer_value(signer)],
        "adminTls": tls_value(network.admin_tls),
    }


@pytest.mark.parametrize("kind", ["orderer", "peer"])
async def test_images_below_what_a_channel_has_are_refused_before_any_restart(
    upgradable: Upgradable, engine: Engine, kind: str
) -> None:
    """Whatever the stack file says: the ledger is asked. Before the capability is raised they are not."""
    network = upgradable.network
    await _founded(upgradable, engine)
    engine.ids["rollout"] = f"n/{kind}s"
    engine.inputs["rollout"] = engine.outputs["rollout"] = await engine.check(
        ROLLOUT, "rollout", _rollout(network, kind, "3.1.5")
    )
    _, message = await engine.preview(ROLLOUT, "rollout", _rollout(network, kind, "2.5.16"))
    assert message.startswith("restart ")

    upgradable.upgrade(*(node.name for node in (*network.orderers, *network.peers)))
    await engine.up(CHANNEL, "channel", _channel(network, NEW))

    async def refusal(_: float) -> str:
        try:
            await engine.preview(ROLLOUT, "rollout", _rollout(network, kind, "2.5.16"))
        except HeddleError as error:
            return str(error)
        return ""

    # Peers that have just restarted take a moment to have the block that raised it.
    said = await poll(refusal, bool, deadline=60)
    assert "channel has channel capability V3_0" in said
    assert "so it is never lowered" in said
    await engine.preview(ROLLOUT, "rollout", _rollout(network, kind, "3.1.4"))


async def test_a_member_elsewhere_keeps_a_channel_back_until_it_says_what_it_runs(
    upgradable: Upgradable, engine: Engine
) -> None:
    """Its nodes are asked by nobody here; its word counts, and the refusal says where to write it."""
    network = upgradable.network
    await _founded(upgradable, engine)
    upgradable.upgrade(*(node.name for node in (*network.orderers, *network.peers)))
    msp_id = network.peers[0].msp_id
    signers = [signer_value(network.ordering.admin)]
    alone = _channel(network, NEW, peers=[], signers=signers)
    _, message = await engine.preview(CHANNEL, "channel", alone)
    assert message.startswith("WILL BE REFUSED: ")
    assert f"{msp_id}: nobody here knows what its nodes run" in message
    with pytest.raises(HeddleError, match=r"external\.release"):
        await engine.up(CHANNEL, "channel", alone)
    told = _channel(network, NEW, peers=[], releases={msp_id: "3.1.5"})
    told["signers"] = [signer_value(network.ordering.admin), *told["signers"][1:]]
    await engine.up(CHANNEL, "channel", told)
    await _in_force(engine, told)


async def test_one_node_that_does_not_answer_keeps_a_channel_back(
    upgradable: Upgradable, engine: Engine
) -> None:
    """Nobody knows what it runs when it comes back."""
    network = upgradable.network
    await _founded(upgradable, engine)
    upgradable.upgrade(*(node.name for node in (*network.orderers, *network.peers)))
    away = network.peers[1].name
    network.programs[away].stop()
    with pytest.raises(HeddleError, match=f"{away}: does not tell its release"):
        await engine.up(CHANNEL, "channel", _channel(network, NEW))
    network.start()
    await engine.up(CHANNEL, "channel", _channel(network, NEW))
