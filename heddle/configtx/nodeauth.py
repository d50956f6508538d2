"""Say on a stream of orderer.ClusterNodeService which consenter one is, as BFT's orderers prove it.

The signature covers keying material of the TLS session, so that nobody can use it on another one.
Source: orderer/common/cluster/{commauth,clusterservice,util}.go (Fabric 3.1.5).
"""

import hashlib
import struct

from fabric_protos.orderer import clusterserver_pb2

from heddle.identity.lowlevel import der

__all__ = ["BINDING_BYTES", "BINDING_LABEL", "binding_context", "signed_content"]

BINDING_LABEL = b"orderer v3 authentication label"
BINDING_BYTES = 32

_INTEGER, _OCTETS, _PRINTABLE, _SEQUENCE = 0x02, 0x04, 0x13, 0x30


def binding_context(request: clusterserver_pb2.NodeAuthRequest) -> bytes:
    """Return the context with which the session's keying material is exported for a request."""
    fields = (
        str(request.version).encode(),
        _time(request),
        str(request.from_id).encode(),
        str(request.to_id).encode(),
        request.channel.encode(),
    )
    return hashlib.sha256(b"".join(fields)).digest()


def signed_content(request: clusterserver_pb2.NodeAuthRequest) -> bytes:
    """Return what the consenter signs: AuthRequestSignature in DER, the session's binding included.

    Names of channels have no character beyond PrintableString's.
    """
    return der(
        _SEQUENCE,
        der(_INTEGER, request.version.to_bytes(request.version.bit_length() // 8 + 1, "big"))
        + der(_OCTETS, _time(request))
        + der(_PRINTABLE, str(request.from_id).encode())
        + der(_PRINTABLE, str(request.to_id).encode())
        + der(_PRINTABLE, request.channel.encode())
        + der(_OCTETS, request.session_binding),
    )


def _time(request: clusterserver_pb2.NodeAuthRequest) -> bytes:
    return struct.pack("<Q", request.timestamp.seconds)
