"""Turn checked property values into the objects of `identity`, `configtx` and `fabric`.

The values have passed check and carry no Secret and no UNKNOWN: a missing key is a defect.
"""

from collections.abc import Iterable

from heddle.fabric.node import ClientTls, Node
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from heddle.schema import inputs

__all__ = ["client_tls", "msp", "node", "nodes", "pems", "signer", "signers"]


def node(value: inputs.Node) -> Node:
    """Return the node that a checked value describes."""
    return Node(
        name=value["name"],
        msp_id=value["mspId"],
        host=value["host"],
        port=value["port"],
        namespace=value.get("namespace", ""),
        pod=value.get("pod", ""),
        tls_root_certificates=pems(value["tlsRootCertificates"]),
        admin_port=value.get("adminPort"),
        operations_port=value.get("operationsPort"),
        dial=value.get("dial", ""),
        admin_dial=value.get("adminDial", ""),
        operations_dial=value.get("operationsDial", ""),
        former=tuple(value.get("former") or ()),
    )


def nodes(values: Iterable[inputs.Node]) -> tuple[Node, ...]:
    """Return nodes, in the order of the values."""
    return tuple(node(value) for value in values)


def signer(value: inputs.Identity) -> Signer:
    """Return an identity that can sign."""
    return Signer(
        msp_id=value["mspId"],
        certificate=value["certificate"].encode(),
        private_key=value["privateKey"].encode(),
    )


def signers(values: Iterable[inputs.Identity]) -> tuple[Signer, ...]:
    """Return identities that can sign, in the order of the values."""
    return tuple(signer(value) for value in values)


def client_tls(value: inputs.ClientTls) -> ClientTls:
    """Return a client certificate for mutual TLS."""
    return ClientTls(certificate=value["certificate"].encode(), private_key=value["privateKey"].encode())


def msp(value: inputs.Msp) -> Msp:
    """Return an organization's MSP."""
    return Msp(
        msp_id=value["mspId"],
        root_certificates=pems(value["rootCertificates"]),
        intermediate_certificates=pems(value.get("intermediateCertificates", ())),
        tls_root_certificates=pems(value["tlsRootCertificates"]),
        tls_intermediate_certificates=pems(value.get("tlsIntermediateCertificates", ())),
        revocation_lists=pems(value.get("revocationLists", ())),
    )


def pems(values: Iterable[str]) -> tuple[bytes, ...]:
    """Return PEM texts as bytes."""
    return tuple(value.encode() for value in values)
