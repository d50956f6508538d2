"""A small network as its stack's outputs describe it, and commands that find it in their stack."""

import os
from typing import Any

import pytest

from heddle.network import network as network_module
from heddle.network.network import Network, network_of
from heddle.network.records import write_record
from heddle.plugin.values import Properties, Secret


def _node(name: str, kind: str, organization: str, outside: str) -> dict[str, Any]:
    orderer = kind == "orderer"
    return {
        "name": name,
        "mspId": f"{organization.capitalize()}MSP",
        "organization": organization,
        "host": f"{name}.fabric-dev.svc.cluster.local",
        "port": 7050 if orderer else 7051,
        "namespace": "fabric-dev",
        "pod": f"{name}-0",
        "tlsRootCertificates": [f"tls root of {organization}\n"],
        "operationsPort": 8443 if orderer else 9443,
        **({"adminPort": 9443} if orderer else {}),
        "publicEndpoint": outside,
        "stateDatabase": "",
    }


def _organization(name: str, kind: str) -> dict[str, Any]:
    return {
        "mspId": f"{name.capitalize()}MSP",
        "kind": kind,
        "caCertificate": f"root of {name}\n",
        "tlsCaCertificate": f"tls root of {name}\n",
        "users": {user: f"certificate of {user}@{name}\n" for user in ("admin", "user")},
    }


def plain_instance() -> dict[str, Any]:
    """One orderer, two organizations with a peer each; the second has no endpoint outside."""
    return {
        "version": 1,
        "name": "dev",
        "namespace": "fabric-dev",
        "standin": False,
        "domain": "fabric-dev.svc.cluster.local",
        "publicAddress": "192.0.2.1",
        "orderers": [_node("orderer0-orderer", "orderer", "orderer", "192.0.2.1:30000")],
        "peers": [
            _node("peer0-one", "peer", "one", "192.0.2.1:30001"),
            _node("peer0-two", "peer", "two", ""),
        ],
        "organizations": {
            "orderer": _organization("orderer", "orderer"),
            "one": _organization("one", "peer"),
            "two": _organization("two", "peer"),
        },
        "channels": {
            "channel": {
                "organizations": ["one", "two"],
                "peers": ["peer0-one", "peer0-two"],
                "genesisHash": "00",
            },
        },
        "chaincodes": {
            "assets": {
                "channel": "channel",
                "version": "1.0",
                "sequence": 1.0,
                "endorsementPolicy": "",
                "packageIds": {"one": "assets_1.0:00", "two": "assets_1.0:01"},
                "initRequired": False,
                "collections": [],
            }
        },
        "adminTlsCertificate": "admin tls\n",
        "consensus": "etcdraft",
    }


def plain_access() -> dict[str, Any]:
    """The credentials of that network."""
    return {
        "version": 1,
        "kubeconfig": "kubeconfig text",
        "userKeys": {
            name: {user: f"key of {user}@{name}\n" for user in ("admin", "user")}
            for name in ("orderer", "one", "two")
        },
        "adminTlsKey": "key of admin tls\n",
    }


def old_instance() -> dict[str, Any]:
    """The same network as Heddle wrote it before there were two outputs, and no fields added since."""
    data, access = plain_instance(), plain_access()
    for name, organization in data["organizations"].items():
        for user, certificate in organization.pop("users").items():
            organization[user] = {"certificate": certificate, "privateKey": access["userKeys"][name][user]}
    for node in (*data["orderers"], *data["peers"]):
        del node["stateDatabase"]
    for chaincode in data["chaincodes"].values():
        del chaincode["initRequired"], chaincode["collections"]
    del data["version"], data["consensus"]
    admin_tls = {"certificate": data.pop("adminTlsCertificate"), "privateKey": access["adminTlsKey"]}
    return data | {"kubeconfig": access["kubeconfig"], "adminTls": admin_tls}


def encrypted_old_instance() -> dict[str, Any]:
    """`old_instance` as the state has it: every secret encrypted by itself."""
    old = old_instance()
    users = [entry[user] for entry in old["organizations"].values() for user in ("admin", "user")]
    old["kubeconfig"] = Secret(old["kubeconfig"])
    for owner in (old["adminTls"], *users):
        owner["privateKey"] = Secret(owner["privateKey"])
    return old


def sample_network(instance: dict[str, Any] | None = None, access: dict[str, Any] | None = None) -> Network:
    """The network of these outputs, or of the samples."""
    outputs: Properties = {
        "instance": instance or plain_instance(),
        "access": Secret(access or plain_access()),
    }
    return network_of("dev", outputs)


def use_network(monkeypatch: pytest.MonkeyPatch, network: Network) -> None:
    """Let every stack have the outputs of this network."""
    outputs = {"instance": write_record(network.instance), "access": Secret(write_record(network.access))}
    monkeypatch.setattr(network_module, "read_outputs_and", lambda *_: (outputs, []))
    # What else is in the state is that of no stack: not of one that happens to have this name here.
    if not os.environ.get("PULUMI_BACKEND_URL"):
        monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///dev/null/no-state")
