"""What configtxgen is told to make the same channel, and what it makes."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from fabric_protos.common import common_pb2

from heddle.configtx.expression import expression_of
from heddle.configtx.roles import signed_by_any
from heddle.configtx.settings import (
    BFT,
    ChannelSettings,
    Consenter,
    OrdererOrganization,
    PeerOrganization,
)
from heddle.identity.msp import Msp
from heddle.settings import BatchSettings
from tests.real.mspfolder import msp_folder

META = {"Readers": "ANY Readers", "Writers": "ANY Writers", "Admins": "MAJORITY Admins"}


def meta(texts: dict[str, str]) -> dict[str, Any]:
    return {name: {"Type": "ImplicitMeta", "Rule": text} for name, text in texts.items()}


def of_roles(msp: Msp, roles: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        name: {"Type": "Signature", "Rule": expression_of(signed_by_any(msp.msp_id, allowed))}
        for name, allowed in roles.items()
    }


def write(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def msp_dir(folder: Path, msp: Msp) -> str:
    for path, content in msp_folder(msp).items():
        write(folder / msp.msp_id / path, content)
    return msp.msp_id


def consenter(folder: Path, node: Consenter, *, bft: bool) -> dict[str, Any]:
    stem = folder / node.host
    certificates = {
        "ClientTLSCert": write(stem / "client.pem", node.client_tls_certificate),
        "ServerTLSCert": write(stem / "server.pem", node.server_tls_certificate),
    }
    place = {"Host": node.host, "Port": node.port}
    if not bft:
        return place | certificates
    identity = write(stem / "identity.pem", node.identity)
    return place | certificates | {"ID": node.id, "MSPID": node.msp_id, "Identity": identity}


def consensus(folder: Path, settings: ChannelSettings) -> dict[str, Any]:
    if settings.consensus == BFT:
        options = {
            "".join(part.capitalize() for part in name.split("_")): value
            for name, value in vars(settings.bft).items()
        }
        nodes = [consenter(folder, node, bft=True) for node in settings.consenters]
        return {"OrdererType": "BFT", "SmartBFT": options, "ConsenterMapping": nodes}
    raft = settings.raft
    options = {
        "TickInterval": raft.tick_interval,
        "ElectionTick": raft.election_tick,
        "HeartbeatTick": raft.heartbeat_tick,
        "MaxInflightBlocks": raft.max_inflight_blocks,
        "SnapshotIntervalSize": f"{raft.snapshot_interval_size}",
    }
    nodes = [consenter(folder, node, bft=False) for node in settings.consenters]
    return {"OrdererType": "etcdraft", "EtcdRaft": {"Consenters": nodes, "Options": options}}


def batch(settings: BatchSettings) -> dict[str, Any]:
    return {
        "BatchTimeout": settings.timeout,
        "BatchSize": {
            "MaxMessageCount": settings.max_message_count,
            "AbsoluteMaxBytes": str(settings.absolute_max_bytes),
            "PreferredMaxBytes": str(settings.preferred_max_bytes),
        },
    }


def orderer_organization(folder: Path, one: OrdererOrganization) -> dict[str, Any]:
    roles = {
        "Readers": ("member",),
        "Writers": ("member",),
        "Admins": ("admin",),
        "BlockValidation": ("orderer",),
    }
    return {
        "Name": one.name,
        "ID": one.msp.msp_id,
        "MSPDir": msp_dir(folder, one.msp),
        "OrdererEndpoints": list(one.endpoints),
        "Policies": of_roles(one.msp, roles),
    }


def peer_organization(folder: Path, one: PeerOrganization) -> dict[str, Any]:
    anchors = [anchor.rpartition(":") for anchor in one.anchor_peers]
    roles = {
        "Readers": ("admin", "peer", "client"),
        "Writers": ("admin", "client"),
        "Admins": ("admin",),
        "Endorsement": ("peer",),
    }
    return {
        "Name": one.name,
        "ID": one.msp.msp_id,
        "MSPDir": msp_dir(folder, one.msp),
        "AnchorPeers": [{"Host": host, "Port": int(port)} for host, _, port in anchors],
        "Policies": of_roles(one.msp, roles),
    }


def profile(folder: Path, settings: ChannelSettings) -> dict[str, Any]:
    """A profile of configtx.yaml; the MSPs and certificates that it names are written to the folder."""
    orderer = consensus(folder, settings) | {
        **batch(settings.batch),
        "Policies": meta(META | {"BlockValidation": "ANY BlockValidation"}),
        "Capabilities": {settings.capabilities.orderer: True},
        "Organizations": [orderer_organization(folder, one) for one in settings.orderer_organizations],
    }
    endorsement = dict.fromkeys(("Endorsement", "LifecycleEndorsement"), "MAJORITY Endorsement")
    application = {
        "Policies": meta(META | endorsement),
        "Capabilities": {settings.capabilities.application: True},
        "Organizations": [peer_organization(folder, one) for one in settings.peer_organizations],
    }
    return {
        "Policies": meta(META),
        "Capabilities": {settings.capabilities.channel: True},
        "Orderer": orderer,
        "Application": application,
    }


def made_by_configtxgen(folder: Path, content: dict[str, Any]) -> common_pb2.Block:
    (folder / "configtx.yaml").write_text(yaml.safe_dump({"Profiles": {"Ours": content}}))
    target = folder / "genesis.block"
    done = subprocess.run(
        [
            *("configtxgen", "-profile", "Ours", "-channelID", "trade"),
            *("-configPath", str(folder), "-outputBlock", str(target)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return common_pb2.Block.FromString(target.read_bytes())
