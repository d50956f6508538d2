"""Where the contract suite plays: two organizations, a channel with the sample chaincode, and people.

People are named `<organization>.<role>`: `alpha.admin`, `beta.user`, `ordering.admin`; `alpha.node` is an
organization's first node. `stranger.admin` is on no channel, `impostor.admin` the same with alpha's MSP id,
and `expired.user` is a member of alpha whose certificate has run out.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from fabric_protos.common.common_pb2 import Block

from heddle.errors import FabricError
from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.signer import Signer
from heddle.waiting import Deadline
from tests.contract.standins import prepared_standins
from tests.real.network import Organization, RealNetwork, prepared_network
from tests.real.steps import Deployed, deploy_assets, make_channel

CASES = Path(__file__).parents[1] / "cases" / "contract"
PEERS = {"alpha": 1, "beta": 1}


def cases(name: str) -> list[Any]:
    """The cases of one data file."""
    loaded: list[Any] = yaml.safe_load((CASES / f"{name}.yaml").read_text())
    return loaded


def _signer(organization: Organization, role: str) -> Signer:
    signer: Signer = getattr(organization, role)
    return signer


@dataclass
class Scene:
    """A running network of one kind of nodes, in the state that every case starts from."""

    kind: str
    network: RealNetwork
    genesis: Block
    deployed: Deployed | None
    packages: dict[str, str] = field(default_factory=dict)
    """Of the probe chaincode, by organization (tests/contract/probing.py)."""

    @cached_property
    def strangers(self) -> Organization:
        """An organization that is on no channel."""
        return Organization.new("stranger")

    def person(self, name: str) -> Signer:
        """See the module."""
        organization, role = name.split(".")
        if organization == "expired":
            return self._expired
        if organization == "stranger":
            return _signer(self.strangers, role)
        everybody = {"ordering": self.network.ordering, **self.network.organizations}
        if organization == "impostor":
            return replace(_signer(self.strangers, role), msp_id=everybody["alpha"].msp.msp_id)
        if role == "node":
            return self._node(everybody[organization])
        return _signer(everybody[organization], role)

    def _node(self, organization: Organization) -> Signer:
        nodes = (*self.network.orderers, *self.network.peers)
        name = next(node.name for node in nodes if node.msp_id == organization.msp.msp_id)
        own = self.network.identities[name]
        return Signer(
            msp_id=organization.msp.msp_id, certificate=own.certificate, private_key=own.private_key
        )

    @cached_property
    def _expired(self) -> Signer:
        alpha = self.network.organizations["alpha"]
        request = CertificateRequest(
            common_name="late@alpha",
            organization="alpha",
            organizational_units=("client",),
            usage=Usage.IDENTITY,
            validity_days=1,
        )
        issued = issue(alpha.authority, request, now=datetime.now(UTC) - timedelta(days=1, minutes=1))
        return Signer(msp_id=alpha.msp.msp_id, certificate=issued.certificate, private_key=issued.private_key)

    def peer(self, organization: str = "alpha") -> Node:
        """An organization's peer."""
        msp_id = self.network.organizations[organization].msp.msp_id
        return next(peer for peer in self.network.peers if peer.msp_id == msp_id)


def play(kind: str, folder: Path) -> Iterator[Scene]:
    """The body of the fixture: build the network, run it, set the scene."""
    build = prepared_standins if kind == "stand-in" else prepared_network
    network = build(folder, peers=PEERS)
    try:
        network.start()
        yield asyncio.run(_set(kind, network))
    finally:
        network.stop()


async def _set(kind: str, network: RealNetwork) -> Scene:
    async with Connections(DirectDialer()) as connections:
        genesis = await make_channel(connections, network)
        deployed = await deploy_assets(connections, network)
        scene = Scene(kind=kind, network=network, genesis=genesis, deployed=deployed)
        await _gateway_ready(connections, scene)
        return scene


async def _gateway_ready(connections: Connections, scene: Scene) -> None:
    """Upstream's gateways find the other organization's peer by gossip, some seconds after the start."""
    await put_asset(connections, scene, "channel", "first")


async def put_asset(connections: Connections, scene: Scene, channel: str, name: str) -> None:
    """Write an asset by alpha's peer, as soon as its gateway knows all that it needs for it."""
    clock = Deadline(60)
    while True:
        try:
            await gateway.invoke(
                connections,
                scene.peer(),
                scene.person("alpha.user"),
                channel,
                "assets",
                ["put", name, "ada", "1"],
                deadline=10,
            )
        except FabricError:
            if clock.left() < 1:
                raise
            await clock.pause(0.5)
        else:
            return
