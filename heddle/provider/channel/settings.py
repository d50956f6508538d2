"""Turn a channel's inputs into `ChannelSettings` and back, and compare them with the live ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from heddle.configtx.flat import flatten, same
from heddle.configtx.renewed import keep_renewed
from heddle.configtx.settings import (
    BFT,
    ETCDRAFT,
    Capabilities,
    ChannelSettings,
    Consenter,
    OrdererOrganization,
    PeerOrganization,
)
from heddle.identity.msp import Msp
from heddle.plugin.values import Properties, Value
from heddle.provider.checked_values import msp
from heddle.schema import ObjectType, snake_case
from heddle.schema.channel import CHANNEL
from heddle.schema.inputs import Consenter as ConsenterInput
from heddle.settings import BatchSettings, BftOptions, RaftOptions

__all__ = ["SETTINGS", "settings_from", "settings_inputs"]

SETTINGS = (
    "ordererOrganizations",
    "peerOrganizations",
    "consenters",
    "consensus",
    "batch",
    "raft",
    "bft",
    "capabilities",
)
"""The inputs that stand on the ledger; all others are ways to it."""


def settings_from(inputs: Mapping[str, Any]) -> ChannelSettings:
    """Return the settings that the inputs ask for. They must be known and plain."""
    # Inputs in the state of an earlier release say nothing of it.
    consensus = inputs.get("consensus") or ETCDRAFT
    return ChannelSettings(
        channel=inputs["channel"],
        orderer_organizations=tuple(
            OrdererOrganization(name=one["name"], msp=msp(one["msp"]), endpoints=tuple(one["endpoints"]))
            for one in inputs["ordererOrganizations"]
        ),
        peer_organizations=tuple(
            PeerOrganization(name=one["name"], msp=msp(one["msp"]), anchor_peers=tuple(one["anchorPeers"]))
            for one in inputs["peerOrganizations"]
        ),
        consenters=tuple(_consenter(one, consensus) for one in inputs["consenters"]),
        consensus=consensus,
        batch=BatchSettings(**_snake(inputs["batch"])),
        raft=RaftOptions(**_snake(inputs["raft"])),
        bft=BftOptions(**_snake(inputs.get("bft") or {})),
        capabilities=Capabilities(**_snake(inputs["capabilities"])),
    )


def settings_inputs(live: ChannelSettings, inputs: Mapping[str, Any]) -> Properties:
    """Return the inputs in which the live settings differ from `inputs`, as the live ones.

    What means the same stays as it was written. Consenters that no input names are called by their address.
    """
    wanted = keep_renewed(settings_from(inputs), live)
    old, new = flatten(wanted), flatten(live)
    changed = {key[0] for key in {**old, **new} if not same(key, old.get(key), new.get(key))}
    result: Properties = {}
    if "orderer organization" in changed:
        result["ordererOrganizations"] = [
            {"name": one.name, "msp": _msp_inputs(one.msp), "endpoints": [*one.endpoints]}
            for one in live.orderer_organizations
        ]
    if "peer organization" in changed:
        result["peerOrganizations"] = [
            {"name": one.name, "msp": _msp_inputs(one.msp), "anchorPeers": [*one.anchor_peers]}
            for one in live.peer_organizations
        ]
    if "consenter" in changed:
        names = {f"{one['host']}:{one['port']}": one["node"] for one in inputs["consenters"]}
        result["consenters"] = [_consenter_inputs(one, names) for one in live.consenters]
    if live.consensus != wanted.consensus:
        result["consensus"] = live.consensus
    for part in ("batch", "raft", "bft", "capabilities"):
        if part in changed:
            declared = CHANNEL.inputs[part].kind
            names_of_part = declared.properties if isinstance(declared, ObjectType) else {}
            result[part] = _camel(vars(getattr(live, part)), inputs.get(part) or names_of_part)
    return result


def _consenter(value: ConsenterInput, consensus: str) -> Consenter:
    """Return a consenter, without BFT's own fields for Raft: its configuration has no place for them."""
    bft = consensus == BFT
    return Consenter(
        host=value["host"],
        port=value["port"],
        client_tls_certificate=value["clientTlsCertificate"].encode(),
        server_tls_certificate=value["serverTlsCertificate"].encode(),
        id=value["id"] if bft else 0,
        msp_id=value["mspId"] if bft else "",
        identity=value["identity"].encode() if bft else b"",
    )


def _consenter_inputs(consenter: Consenter, names: Mapping[str, str]) -> Value:
    inputs: dict[str, Value] = {
        "node": names.get(consenter.address, consenter.address),
        "host": consenter.host,
        "port": consenter.port,
        "clientTlsCertificate": consenter.client_tls_certificate.decode(),
        "serverTlsCertificate": consenter.server_tls_certificate.decode(),
    }
    if consenter.id:
        inputs |= {"id": consenter.id, "mspId": consenter.msp_id, "identity": consenter.identity.decode()}
    return inputs


def _msp_inputs(one: Msp) -> Value:
    result: dict[str, Value] = {
        "mspId": one.msp_id,
        "rootCertificates": _texts(one.root_certificates),
        "tlsRootCertificates": _texts(one.tls_root_certificates),
    }
    if one.intermediate_certificates:
        result["intermediateCertificates"] = _texts(one.intermediate_certificates)
    if one.tls_intermediate_certificates:
        result["tlsIntermediateCertificates"] = _texts(one.tls_intermediate_certificates)
    if one.revocation_lists:
        result["revocationLists"] = _texts(one.revocation_lists)
    return result


def _texts(pems: Sequence[bytes]) -> list[Value]:
    return [pem.decode() for pem in pems]


def _snake(values: Mapping[str, Any]) -> dict[str, Any]:
    return {snake_case(name): value for name, value in values.items()}


def _camel(values: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Value]:
    return {name: values[snake_case(name)] for name in names}
