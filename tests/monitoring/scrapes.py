"""Scrapes of real nodes: names, types and labels of what their operations endpoints say after some traffic.

`tests/cases/monitoring/scrapes.yaml` keeps them. `python -m tests.monitoring.scrapes` records them anew, with
Fabric's programs on PATH.
"""

import asyncio
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

from heddle.configtx.settings import BFT, ChannelSettings
from heddle.errors import FabricError
from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from tests.configtx.history import CHANNEL, live_through
from tests.real.network import RealNetwork, prepared_network, running
from tests.real.processes import Program
from tests.real.steps import define, run_chaincode

RECORDED = Path(__file__).parents[1] / "cases/monitoring/scrapes.yaml"
Shapes = dict[str, str]
"""By a metric's name: its type and its labels, as `counter channel status`."""

BY_CHANCE = {
    "cluster_comm_egress_tls_connection_count",
    "consensus_etcdraft_proposal_failures",
    "gossip_privdata_fetch_duration",
    "gossip_privdata_reconciliation_duration",
    "gossip_privdata_send_duration",
    "gossip_membership_total_peers_known",
}
"""What a short life shows sometimes only: it depends on who was asked, on ticks of seconds, and on when
orderers lost their leader. Each was seen."""
_OF_GO = ("go_", "promhttp_", "process_network_", "process_virtual_")
"""What Go's client says of its own runtime: other versions of Go have others."""


def recorded() -> dict[str, Shapes]:
    """What the nodes said when it was recorded, by kind of node: `raft`, `bft`, `peer`."""
    content: dict[str, Shapes] = yaml.safe_load(RECORDED.read_text())
    return content


def shapes(text: str) -> Shapes:
    """The metrics of a scrape in Prometheus' text format."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    labels: dict[str, set[str]] = {name: set() for name in types}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = next(
                n for n in (sample.name, family.name, re.sub(r"_[a-z]+$", "", sample.name)) if n in types
            )
            labels[name] |= sample.labels.keys() - {"le", "quantile"}
    return {
        name: " ".join([types[name], *sorted(labels[name])])
        for name in sorted(types)
        if not name.startswith(_OF_GO)
    }


def scrape(nodes: Iterable[Node]) -> Shapes:
    """What these nodes say, together."""
    found: Shapes = {}
    for node in nodes:
        answer = httpx.get(f"http://{node.operations_dial}/metrics")
        assert answer.status_code == 200
        found |= shapes(answer.text)
    return dict(sorted(found.items()))


async def live_and_fail(network: RealNetwork, settings: ChannelSettings) -> None:
    """Good transactions, private data, and each failure that has a metric of its own."""
    async with Connections(DirectDialer()) as connections:
        await live_through(connections, network, settings)
        user, stranger = network.organizations["alpha"].user, network.ordering.user

        async def ask(signer: Signer, chaincode: str, *arguments: str) -> None:
            for peer in network.peers:
                with suppress(FabricError):
                    await gateway.evaluate(
                        connections, peer, signer, CHANNEL, chaincode, arguments, deadline=20
                    )

        await ask(user, "assets", "get", "nothing")
        await ask(user, "nowhere", "get", "one")
        await ask(stranger, "assets", "list")
        for name in ("deaf", "hung", "mute"):
            packages = await run_chaincode(connections, network, name)
            if name == "mute":
                # Before its definition: with it, peers connect to the server by themselves.
                _pause(network, name)
            wanted = Definition(name=name, version="1", sequence=1)
            await define(connections, network, wanted, packages)
        for program in _servers(network, "deaf"):
            program.stop()
        await ask(user, "deaf", "get", "one")
        await ask(user, "mute", "list")
        await ask(user, "hung", "list")
        _pause(network, "hung")
        await ask(user, "hung", "list")
        for program in (*_servers(network, "hung"), *_servers(network, "mute")):
            program.stop(kill=True)


def _servers(network: RealNetwork, name: str) -> list[Program]:
    return [network.programs[f"{name}_{organization}"] for organization in network.organizations]


def _pause(network: RealNetwork, name: str) -> None:
    for program in _servers(network, name):
        program.pause()


def scrape_network(folder: Path, *, bft: bool) -> dict[str, Shapes]:
    """Run a network, let it live and fail, and return what its nodes say by kind."""
    network = prepared_network(folder, orderers=4 if bft else 3, peers={"alpha": 1, "beta": 1})
    _edit(folder / network.peers[0].name / "core.yaml", executetimeout="3s", startuptimeout="5s")
    for _ in running(network):
        settings = network.settings(CHANNEL)
        asyncio.run(live_and_fail(network, replace(settings, consensus=BFT) if bft else settings))
        peers = scrape(network.peers)
        orderers = scrape(network.orderers)
    return {"bft" if bft else "raft": orderers, "peer": peers}


def _edit(path: Path, **chaincode: str) -> None:
    """Let a peer lose patience with chaincodes earlier."""
    content = yaml.safe_load(path.read_text())
    content["chaincode"] |= chaincode
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def record() -> None:
    """Add what real nodes say now to what they said before."""
    known = recorded()
    for bft in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            for kind, found in scrape_network(Path(folder), bft=bft).items():
                known[kind] = dict(sorted({**known[kind], **found}.items()))
    RECORDED.write_text(yaml.safe_dump(known, width=200))


if __name__ == "__main__":
    record()
