"""An organization's authorities are exchanged on official nodes: no phase is left out, none comes early."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import ProviderError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import ClientTls, Node
from heddle.identity.authority import Authority, new_authority
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from heddle.network import trust
from heddle.plugin.values import UNKNOWN
from tests.contract.waiting import leader_hears
from tests.identity.offline import OfflineRoot
from tests.provider.harness import Engine, channel_value, node_value, signer_value
from tests.provider.tokens import CHANNEL, MEMBERSHIP
from tests.real.generations import NextGeneration
from tests.real.network import Organization, RealNetwork, prepared_network
from tests.real.release import release

pytestmark = pytest.mark.real

EXCHANGE = "heddle:identity:AuthorityExchange"


_PORT = re.compile(r":[0-9]+|certificate verify failed: [^(]*")
"""What differs between a node's ports: their numbers, and whether a server sends its root along."""


def secured(network: RealNetwork) -> RealNetwork:
    """The network with operations endpoints that present the nodes' certificates, as pods have them."""
    for node in (*network.orderers, *network.peers):
        network.secure_operations(node)
    return network


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = secured(prepared_network(tmp_path, orderers=3, peers={"alpha": 1}))
    network.start()
    yield network
    network.stop()


LIFE = timedelta(seconds=100)
"""How long authorities live that end in a test: longer than a network takes to trust the next ones."""


@pytest.fixture
def lives_until() -> datetime:
    return datetime.now(UTC) + LIFE


@pytest.fixture
def brief(bare: RealNetwork, lives_until: datetime) -> Iterator[RealNetwork]:
    """Three orderers whose authorities, and all that these issue, end so early; and a member."""
    ca, tlsca = (
        new_authority(
            common_name=f"{kind}.ordering",
            organization="ordering",
            validity_days=1,
            now=lives_until - timedelta(days=1),
        )
        for kind in ("ca", "tlsca")
    )
    bare.ordering = Organization.of("ordering", ca, tlsca)
    admin = bare.ordering.tls("admin")
    bare.admin_tls = ClientTls(certificate=admin.certificate, private_key=admin.private_key)
    for number in range(1, 4):
        bare.add_orderer(f"orderer{number}")
    bare.organizations["alpha"] = Organization.new("alpha")
    try:
        secured(bare).start()
        yield bare
    finally:
        bare.stop()


@pytest.fixture
def bare(tmp_path: Path) -> RealNetwork:
    """Return a network without nodes."""
    return RealNetwork(tmp_path, release())


class Exchange:
    """An instance whose organization exchanges its authorities."""

    def __init__(
        self,
        network: RealNetwork,
        engine: Engine,
        organization: Organization,
        root: OfflineRoot | None = None,
    ) -> None:
        self.network, self.engine = network, engine
        self.organization, self.next = organization, NextGeneration(network, organization, root)
        self.msp, self.admin = organization.msp, organization.admin
        self.orders = organization is network.ordering
        self.nodes = network.orderers if self.orders else network.peers

    def inputs(self, numbers: tuple[int, ...], issuing: int) -> dict[str, Any]:
        msps = [{1: self.organization.msp, 2: self.next.alone}[number] for number in numbers]
        seen = tuple(
            pem for each in msps for pem in (*each.tls_root_certificates, *each.tls_intermediate_certificates)
        )
        return {
            "organization": self.organization.name,
            "mspId": self.organization.msp.msp_id,
            "kind": "orderer" if self.orders else "peer",
            "generations": [self._generation(number) for number in numbers],
            "issuing": issuing,
            "nodes": [node_value(replace(node, tls_root_certificates=seen)) for node in self.nodes],
            "orderers": [node_value(self._as_known(node)) for node in self.network.orderers],
            "channels": ["channel"],
        }

    def _as_known(self, node: Node) -> Node:
        return self.next.seen_by_both(node) if self.orders else node

    def _generation(self, number: int) -> dict[str, Any]:
        pair = {
            1: (self.organization.authority, self.organization.tls_authority),
            2: (self.next.authority, self.next.tls_authority),
        }[number]
        identity, tls = (_authority(each) for each in pair)
        issuers = self.next.issuers if number == 2 else []
        return {
            "generation": number,
            **({"issuers": issuers, "tlsIssuers": issuers} if issuers else {}),
            **identity,
            **{f"tls{name[0].upper()}{name[1:]}": value for name, value in tls.items()},
        }

    async def up(self, numbers: tuple[int, ...], issuing: int) -> dict[str, Any]:
        return await self.engine.up(EXCHANGE, "exchange", self.inputs(numbers, issuing))

    async def refused(self, numbers: tuple[int, ...], issuing: int) -> str:
        """What both the preview and the update say; nothing is put in force."""
        with pytest.raises(ProviderError) as preview:
            await self.engine.preview(EXCHANGE, "exchange", self.inputs(numbers, issuing))
        with pytest.raises(ProviderError) as update:
            await self.up(numbers, issuing)
        # Which of a node's ports is named first is a matter of chance.
        assert _PORT.sub("", preview.value.message) == _PORT.sub("", update.value.message)
        return update.value.message

    async def channel(self, msp: Msp | None = None, admin: Signer | None = None) -> dict[str, Any]:
        """Bring the channel to what the stack says now; with its outputs."""
        self.msp, self.admin = msp or self.msp, admin or self.admin
        settings = self.network.settings()
        if self.orders:
            (ordering,) = settings.orderer_organizations
            settings = replace(settings, orderer_organizations=(replace(ordering, msp=self.msp),))
        else:
            (member,) = settings.peer_organizations
            settings = replace(settings, peer_organizations=(replace(member, msp=self.msp),))
        alpha = self.network.organizations["alpha"].admin
        signers = [self.admin, alpha] if self.orders else [self.network.ordering.admin, self.admin]
        orderers = [self._as_known(node) for node in self.network.orderers]
        value = channel_value(settings, orderers, signers, self.network.admin_tls)
        return await self.engine.up(CHANNEL, "channel", value)

    async def restart(self, node: Node) -> None:
        self.next.restart(node)
        async with Connections(DirectDialer()) as connections:
            if self.orders:
                await leader_hears(
                    self.network, connections, len(self.nodes), tls=self.network.operations_tls
                )
            else:
                await connections.wait_until_ready(self.next.seen_by_both(node), deadline=30)


def _authority(authority: Authority) -> dict[str, str]:
    return {
        "certificate": authority.certificate.decode(),
        "privateKey": authority.private_key.decode(),
    }


ROOTS = pytest.mark.parametrize("root", [None, OfflineRoot()], ids=["roots", "below an offline root"])


@ROOTS
async def test_the_orderers_authorities_are_exchanged(
    network: RealNetwork, engine: Engine, root: OfflineRoot | None
) -> None:
    """Each phase is refused while a node or the channel is behind, and names whoever is."""
    exchange = Exchange(network, engine, network.ordering, root)
    await exchange.channel()
    both = exchange.next.both

    await exchange.refused((1, 2), 2)
    await exchange.refused((2,), 2)
    outputs = await exchange.up((1, 2), 1)
    assert outputs["certificate"] == network.ordering.authority.certificate.decode()
    for node in network.orderers[:2]:
        exchange.next.trust(node)
        await exchange.restart(node)
    words = await exchange.refused((1, 2), 2)
    assert "orderer3 does not accept certificates of generation 2" in words
    assert "orderer1 does not accept" in words, "its channel does not yet"
    assert "channel channel does not trust generation 2" in words
    await exchange.channel(both)
    words = await exchange.refused((1, 2), 2)
    assert "orderer1" not in words
    assert "orderer3 does not accept certificates of generation 2" in words
    exchange.next.trust(network.orderers[2])
    await exchange.restart(network.orderers[2])

    outputs = await exchange.up((1, 2), 2)
    assert outputs["tlsCertificate"] == exchange.next.tls_authority.certificate.decode()
    below = [exchange.next.tls_authority.certificate.decode()] if root else []
    assert outputs["bridges"] == [exchange.next.bridge.decode(), *below]
    for node in network.orderers:
        exchange.next.reissue(node, role="orderer")
        words = await exchange.refused((2,), 2)
        assert f"{node.name} presents a certificate of generation 1" in words
        await exchange.restart(node)
    words = await exchange.refused((2,), 2)
    assert "presents" not in words
    assert "channel channel knows orderer1 by a certificate of generation 1" in words
    before = (await exchange.engine.read(CHANNEL, "channel")).properties["sequence"]
    after = await exchange.channel(admin=exchange.next.person("admin"))
    assert after["sequence"] == int(str(before)) + 3, "an update for each consenter"

    outputs = await exchange.up((2,), 2)
    assert outputs["bridges"] == [exchange.next.bridge.decode(), *below], (
        "for those who still know the old root alone"
    )
    await exchange.channel(exchange.next.alone)
    for node in network.orderers:
        exchange.next.trust(node, exchange.next.alone)
        await exchange.restart(node)
    assert (await exchange.channel())["sequence"] == after["sequence"] + 1
    await exchange.refused((1, 2), 1)


@ROOTS
async def test_a_members_authorities_are_exchanged(
    network: RealNetwork, engine: Engine, root: OfflineRoot | None
) -> None:
    """A peer shows what it endorses with, and whose proposals it takes."""
    exchange = Exchange(network, engine, network.organizations["alpha"], root)
    await exchange.channel()
    (peer,) = network.peers
    genesis = {"channel": "channel", "genesisHash": engine.outputs["channel"]["genesisHash"]}
    orderers = [node_value(node) for node in network.orderers]
    await engine.up(
        MEMBERSHIP,
        "membership",
        {**genesis, "peer": node_value(peer), "orderers": orderers, "signer": signer_value(exchange.admin)},
    )
    await exchange.up((1, 2), 1)
    await exchange.channel(exchange.next.both)
    words = await exchange.refused((1, 2), 2)
    assert words.splitlines()[1:] == ["  alpha-peer1 does not accept certificates of generation 2"]
    exchange.next.trust(peer)
    await exchange.restart(peer)
    await exchange.up((1, 2), 2)
    words = await exchange.refused((2,), 2)
    assert words.splitlines()[1:] == ["  alpha-peer1 presents a certificate of generation 1"]
    exchange.next.reissue(peer, role="peer")
    await exchange.restart(peer)
    await exchange.up((2,), 2)
    await exchange.channel(exchange.next.alone, exchange.next.person("admin"))


async def test_an_exchange_that_began_in_time_goes_on_after_the_end(
    brief: RealNetwork, engine: Engine, lives_until: datetime
) -> None:
    """The former authorities end while both are trusted: nothing can be asked, and all come back anew."""
    exchange = Exchange(brief, engine, brief.ordering)
    await exchange.channel()
    await exchange.up((1, 2), 1)
    await exchange.channel(exchange.next.both)
    for node in brief.orderers:
        exchange.next.trust(node)
        brief.programs[node.name].stop()
    brief.start()
    left = (lives_until - datetime.now(UTC)).total_seconds()
    assert left > 0, "this machine is too slow for the life of these authorities"
    await asyncio.sleep(left + 1)

    await exchange.up((1, 2), 2)
    words = await exchange.refused((1, 2), 1)
    assert "an authority of generation 1 has ended" in words
    for node in brief.orderers:
        exchange.next.reissue(node, role="orderer")
        brief.programs[node.name].stop()
    brief.start()
    brief.orderers = [exchange.next.seen_by_both(node) for node in brief.orderers]
    brief.admin_tls = exchange.next.client_tls()
    async with Connections(DirectDialer()) as connections:
        await leader_hears(brief, connections, 3, tls=brief.operations_tls)
    await exchange.channel(admin=exchange.next.person("admin"))
    await exchange.up((2,), 2)
    await exchange.channel(exchange.next.alone)


async def test_an_exchange_that_begins_after_the_end_is_refused(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is done, in previews, too; and what is left is said."""
    exchange = Exchange(network, engine, network.organizations["alpha"])
    monkeypatch.setattr(trust, "expires_within", lambda pem, _: pem in _pems(exchange.organization))
    for numbers, issuing in (((1, 2), 1), ((1, 2), 2)):
        words = await exchange.refused(numbers, issuing)
        assert "alpha: an authority of generation 1 has ended" in words


def _pems(organization: Organization) -> set[bytes]:
    return {organization.authority.certificate, organization.tls_authority.certificate}


@pytest.mark.parametrize("numbers", [(1, 2), (2,)])
async def test_a_preview_says_at_once_that_a_phase_was_left_out(
    network: RealNetwork, engine: Engine, numbers: tuple[int, ...]
) -> None:
    """Also while the next authorities are not made yet: no node can know them."""
    exchange = Exchange(network, engine, network.organizations["alpha"])
    inputs = exchange.inputs(numbers, 2)
    *former, _ = inputs["generations"]
    names = ("certificate", "privateKey", "tlsCertificate", "tlsPrivateKey")
    inputs["generations"] = [*former, {"generation": 2, **dict.fromkeys(names, UNKNOWN)}]
    for node in inputs["nodes"]:
        node["tlsRootCertificates"] = [UNKNOWN]

    with pytest.raises(ProviderError, match="alpha-peer1 does not accept certificates of generation 2"):
        await engine.preview(EXCHANGE, "exchange", inputs)


async def test_a_node_that_is_down_holds_up_the_next_phase(network: RealNetwork, engine: Engine) -> None:
    """What it would present when it comes back is not known."""
    exchange = Exchange(network, engine, network.organizations["alpha"])
    await exchange.channel()
    await exchange.up((1, 2), 1)
    network.programs["alpha-peer1"].stop()
    words = await exchange.refused((1, 2), 2)
    assert "alpha-peer1: not known whether it accepts certificates of generation 2: " in words
