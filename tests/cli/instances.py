"""A stack's output `instance` as plain data, for tests of what reads it."""

from typing import Any


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
    }


def _organization(name: str, kind: str) -> dict[str, Any]:
    return {
        "mspId": f"{name.capitalize()}MSP",
        "kind": kind,
        "caCertificate": f"root of {name}\n",
        "tlsCaCertificate": f"tls root of {name}\n",
        **{
            user: {"certificate": f"certificate of {user}@{name}\n", "privateKey": f"key of {user}@{name}\n"}
            for user in ("admin", "user")
        },
    }


def plain_instance() -> dict[str, Any]:
    """One orderer, two organizations with a peer each; the second has no endpoint outside."""
    return {
        "name": "dev",
        "namespace": "fabric-dev",
        "standin": False,
        "domain": "fabric-dev.svc.cluster.local",
        "publicAddress": "192.0.2.1",
        "kubeconfig": "kubeconfig text",
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
            }
        },
        "adminTls": {"certificate": "admin tls\n", "privateKey": "key of admin tls\n"},
    }
