"""An administrator's key leaked: official nodes refuse the old one, whoever hands it in, and take another."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.read import settings_of
from heddle.errors import Refused
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.installation import installed
from heddle.fabric.orderer import broadcast, config_block
from heddle.fabric.qscc import chain_info
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.signer import Signer
from heddle.waiting import poll
from tests.provider.harness import Engine, channel_value, node_value, signer_value
from tests.provider.tokens import CERTIFICATE, CHANNEL, MEMBERSHIP
from tests.real.network import Organization, RealNetwork, prepared_network
from tests.real.release import Release

pytestmark = pytest.mark.real

LIST = "heddle:identity:RevocationList"
PAST = datetime.now(UTC) - timedelta(days=10)
NAME = "organization"


def prepared(folder: Path, programs: Release | None = None) -> RealNetwork:
    """An orderer and a peer of an organization whose authority is some days old."""
    network = prepared_network(folder, orderers=1, peers={"other": 1}, programs=programs)
    network.add_peer("peer", Organization.new(NAME, since=PAST))
    return network


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared(tmp_path)
    network.start()
    yield network
    network.stop()


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections(DirectDialer()) as connections:
        yield connections


def _channel(
    network: RealNetwork, admin: Signer, revocations: dict[str, Any] | None = None
) -> dict[str, Any]:
    signers = [network.ordering.admin, admin, network.organizations["other"].admin]
    value = channel_value(network.settings(), network.orderers, signers, network.admin_tls)
    for organization in value["peerOrganizations"]:
        if organization["name"] == NAME and revocations is not None:
            organization["msp"] |= {
                "revocationLists": [revocations["revocationList"]],
                "revoked": revocations["revocations"],
            }
    return value


async def _announce(network: RealNetwork, connections: Connections, signer: Signer, port: int) -> None:
    """Announce another anchor peer with a signature of the organization's; the orderers' hands it in."""
    submitter = network.ordering.admin
    block = await config_block(connections, network.orderers[0], "channel", submitter, deadline=10)
    config = config_of(block).config
    live = settings_of(config, channel="channel")
    wanted = tuple(
        replace(each, anchor_peers=(f"localhost:{port}",)) if each.name == NAME else each
        for each in live.peer_organizations
    )
    edited = apply_settings(config, replace(live, peer_organizations=wanted), None)
    update = compute_update("channel", config, edited).SerializeToString(deterministic=True)
    envelope = update_envelope(update, [sign_update(update, signer)], submitter)
    await broadcast(connections, network.orderers[0], envelope, deadline=10)


async def test_a_leaked_administrators_key_is_refused_and_the_new_one_works(
    network: RealNetwork, engine: Engine, connections: Connections
) -> None:
    """Also with a certificate of the old key that has expired: policies alone would still take it."""
    organization = network.organizations[NAME]
    orderer, peer = network.orderers[0], network.peers[-1]
    subject = {"commonName": "admin", "organizationalUnits": ["admin"], "usage": "identity"}
    authority = {
        "authorityCertificate": organization.authority.certificate.decode(),
        "authorityPrivateKey": organization.authority.private_key.decode(),
    }
    first = await engine.up(CERTIFICATE, "admin", {**authority, **subject})
    old = _signer(organization, first)
    expired = _with_expired_certificate(organization, old)

    made = await engine.up(CHANNEL, "channel", _channel(network, old))
    membership = {
        "channel": "channel",
        "genesisHash": made["genesisHash"],
        "peer": node_value(peer),
        "orderers": [node_value(orderer)],
        "signer": signer_value(old),
    }
    await engine.up(MEMBERSHIP, "peer", membership)
    await _announce(network, connections, expired, 7001)  # it is in force: nobody asks for expiry here
    await config_block(connections, orderer, "channel", old, deadline=10)
    await installed(connections, peer, old, deadline=10)

    new = await engine.up(CERTIFICATE, "admin", {**authority, **subject, "rekey": 1})
    admin = _signer(organization, new)
    given_up = [{**each, "holder": f"admin@{NAME}"} for each in new["superseded"]]
    wanted = {**authority, "superseded": given_up, "revoked": [expired.certificate.decode()]}
    planned, _ = await engine.preview(LIST, "list", wanted)
    _, message = await engine.preview(CHANNEL, "channel", _channel(network, admin, planned))
    assert (
        f"revokes admin@{NAME} (serial {first['serialNumber']}, valid until {first['notAfter']})" in message
    )
    revocations = await engine.up(LIST, "list", wanted)
    assert revocations == planned

    _restart_with(network, "peer", revocations["revocationList"])
    await engine.up(CHANNEL, "channel", _channel(network, admin, revocations))

    await _expect_refused(network, connections, old, expired)
    await _announce(network, connections, admin, 7004)
    await config_block(connections, orderer, "channel", admin, deadline=10)
    assert await installed(connections, peer, admin, deadline=10) == ()
    await chain_info(connections, peer, "channel", admin, deadline=10)
    assert not (await engine.diff(CHANNEL, "channel", _channel(network, admin, revocations))).changes


def _with_expired_certificate(organization: Organization, signer: Signer) -> Signer:
    """The same key, with a certificate of its authority that has ended."""
    request = CertificateRequest(
        common_name="admin", organizational_units=("admin",), usage=Usage.IDENTITY, validity_days=1
    )
    issued = issue(organization.authority, request, private_key=signer.private_key, now=PAST)
    return replace(signer, certificate=issued.certificate)


async def _expect_refused(
    network: RealNetwork, connections: Connections, old: Signer, expired: Signer
) -> None:
    """By the channel, by orderers as readers, by peers as administrators, and by every node of their own."""
    for refused, port in ((old, 7002), (expired, 7003)):
        with pytest.raises(Refused, match="not satisfied"):
            await _announce(network, connections, refused, port)
    with pytest.raises(Refused, match="FORBIDDEN"):
        await config_block(connections, network.orderers[0], "channel", old, deadline=10)
    with pytest.raises(Refused, match="access denied"):
        await installed(connections, network.peers[-1], old, deadline=10)
    assert await _is_shut_out(connections, network, old)


def _signer(organization: Organization, outputs: dict[str, Any]) -> Signer:
    return Signer(
        msp_id=organization.msp.msp_id,
        certificate=outputs["certificate"].encode(),
        private_key=outputs["privateKey"].encode(),
    )


def _restart_with(network: RealNetwork, name: str, revocation_list: str) -> None:
    """As a Rollout does: the list is in the folder of the node's own MSP when it starts again."""
    program = network.programs[name]
    program.stop()
    folder = network.folder / name / "msp" / "crls"
    folder.mkdir()
    (folder / "crl.pem").write_text(revocation_list)
    program.start()
    program.wait()


async def _is_shut_out(connections: Connections, network: RealNetwork, signer: Signer) -> bool:
    """Wait until the peer has the configuration, and refuses a reader of the channel."""

    async def refused(_: float) -> bool:
        try:
            await chain_info(connections, network.peers[-1], "channel", signer, deadline=5)
        except Refused:
            return True
        return False

    return await poll(refused, bool, deadline=20)
