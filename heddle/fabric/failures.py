"""Make errors of failed calls: the node, its address, Fabric's own words, the next step."""

import re
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from heddle.errors import FabricError, PlainHttp, Refused, Unreachable
from heddle.fabric.node import Node
from heddle.planner.remedies import RENEW
from heddle.protobuf import enum_name
from heddle.text import printable, sentence

__all__ = [
    "answered",
    "gateway_details",
    "hint_for",
    "http_words",
    "plain_http",
    "refused",
    "refused_status",
    "rpc_failure",
    "speaks_plain_http",
    "unreachable",
]

_REFUSING_POD = re.compile(r"forwarding port (\d+) to pod .*connection refused", re.IGNORECASE | re.DOTALL)
"""As a kubelet tells it (k8s.io/kubelet, pkg/cri/streaming/portforward)."""

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
"""OpenSSL's reasons for bytes that are no TLS: of 3.0, of 3.2 and later, and for HTTP that it recognizes."""

_NO_DATABASE = re.compile(
    r"http error calling couchdb|error handling CouchDB request\..*Status Code:"
    r"(?:401|5\d\d|404, *Reason: *Database does not exist)",
    re.DOTALL,
)
"""As a peer tells that its CouchDB is away, refuses its password, or was lost (statecouchdb/couchdb.go)."""

_LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)

_RESTARTS = "The node restarts, or does not accept this client certificate: see its log."
_RENEW = sentence(RENEW)
_NOT_THERE = "Nothing listens there: is the node running, and is the port right?"
_CUT = (
    "The connection ended in the middle: the node, or the way to it, restarts. Try again; its log tells more."
)
_WAY = (
    "The way to the node broke, which says nothing of the node: try again. If it stays, does "
    "`kubectl port-forward` to its pod work?"
)
# Of what broke on the way: part of the words → what to do about it.
_HINTS_OF_THE_WAY = (
    (
        "does not have a host assigned",
        "Its pod is not scheduled: look at the pod's events; is its claim there?",
    ),
    ('pods "', "The pod does not exist: look at its StatefulSet."),
    ("CERTIFICATE_VERIFY_FAILED", "The kubeconfig does not trust the API server's certificate, or its name."),
)
# Part of the words → what to do about it. The first that matches is shown.
_HINTS = (
    ("verify failed: certificate has expired", _RENEW),
    ("VERIFY_FAILED: certificate has expired", _RENEW),
    ("certificate expired", "Our client certificate has expired, or its clock is wrong. " + _RENEW),
    ("client identity expired", "Our identity has expired. " + _RENEW),
    ("identity expired", _RENEW),
    ("CERTIFICATE_VERIFY_FAILED", "Its TLS certificate is not from the expected root, or lacks this name."),
    ("Hostname", "The node's TLS certificate lacks this name: issue it with this host."),
    ("connection ended", _RESTARTS),
    ("connection reset", _RESTARTS),
    ("alert", "The node does not accept this client certificate: it must be of a root it trusts."),
    ("socket closed", _CUT),
    ("handshake", "TLS failed: compare the node's certificate with the TLS roots of its organization."),
    ("connection refused", _NOT_THERE),
    ("connection attempts failed", _NOT_THERE),
    ("DNS resolution failed", "The name does not resolve here; give the node an address to dial."),
    ("will result in quorum loss", "Too few consenters would run: bring back those that are down first."),
    ("no Raft leader", "A majority of the channel's consenters must run and see each other."),
    ("expired", "The certificate has expired: renew it with the same key."),
    (
        "has not yet been approved by this org",
        "If its organization has approved it, this peer has a new disk: Fabric fetches the approval from "
        "another peer of it once a minute. Where there is none: raise the chaincode's `sequence` by one.",
    ),
    ("channel does not exist", "This node does not serve the channel: ask another, or join it."),
)
_STATUS_HINTS: dict[int, str] = {
    common_pb2.NOT_FOUND: "The node does not know the channel, or only follows it: ask a consenter.",
    common_pb2.FORBIDDEN: "The signer is not among the channel's readers or writers, or has expired.",
    common_pb2.SERVICE_UNAVAILABLE: "The node cannot order now: look at its log and its consenters.",
}


def hint_for(words: str, otherwise: str = "") -> str:
    """Return the next step for words that are known, else `otherwise`."""
    return _hint(_HINTS, words, otherwise)


def _hint(hints: Iterable[tuple[str, str]], words: str, otherwise: str) -> str:
    return next((hint for part, hint in hints if part.lower() in words.lower()), otherwise)


def unreachable(
    node: Node, what: str, words: str, *, port: int | None = None, tunnel: str = "", late: bool = False
) -> Unreachable:
    """Return the error for no answer to `what` ("deliver block 7 of channel"): the state is unknown.

    `tunnel` is what the dialer knows: why the way to the node broke; `late`: only the time was over.
    """
    whole = f"{words} ({tunnel})" if tunnel else words
    return Unreachable(
        f"{node.at(port)}: {what}: no answer: {printable(whole)}",
        # gRPC tells of all addresses that it tried; the last says why.
        cause=printable(
            _tunnel_cause(tunnel) or words.rpartition("last error: ")[2].removeprefix("UNKNOWN: ")
        ),
        # Behind a broken tunnel gRPC complains of TLS, whatever the reason is.
        hint=_hint_for_way(tunnel)
        if tunnel
        else hint_for(words, "Look at the node's pod and log, then try again."),
        late=late and not tunnel,
    )


def answered(
    node: Node, what: str, status: int, words: str, *, told: str = "", peer: str = ""
) -> FabricError:
    """Return the error for a peer's answer: its refusal, or Unreachable where it could not read its state.

    The latter says nothing of the ledger. `told`: as of `refused`; `peer`: who said it, if not the node.
    """
    if _NO_DATABASE.search(words):
        return _no_database(node, what, words, peer)
    return refused(node, what, status, words, told=told)


def _no_database(node: Node, what: str, words: str, peer: str) -> Unreachable:
    fate = "was lost" if "Database does not exist" in words else "does not answer"
    cause = f"{f'the state database of {peer}' if peer else 'its state database'} {fate}"
    return Unreachable(
        f"{node.at()}: {what}: {cause}: {printable(words)}",
        cause=cause,
        hint="Look at the pod of its CouchDB. `heddle refresh`, then `heddle up` make a lost volume anew.",
    )


def _hint_for_way(tunnel: str) -> str:
    """Return the next step for a tunnel that broke: the words are those of others than the node."""
    if _REFUSING_POD.search(tunnel):
        return _NOT_THERE
    return _hint(_HINTS_OF_THE_WAY, tunnel, _WAY)


def _tunnel_cause(tunnel: str) -> str:
    """Return why the tunnel broke; of a kubelet's story of namespaces and addresses only its end."""
    refusing = _REFUSING_POD.search(tunnel)
    return f"port {refusing[1]} of its pod refuses connections" if refusing else tunnel


def http_words(error: Exception) -> str:
    """Return the text of a failed HTTP request or of its cause, as httpx's own errors are often empty."""
    seen: BaseException | None = error
    while seen is not None:
        if str(seen):
            return str(seen)
        seen = seen.__cause__ or seen.__context__
    return f"{type(error).__name__}: the connection ended"


def speaks_plain_http(error: Exception) -> bool:
    """Tell whether TLS failed because the other side answered in plain HTTP."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError) and seen.reason in _NO_TLS:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def plain_http(node: Node, what: str, port: int) -> PlainHttp:
    """Return the error for an endpoint that does not speak TLS, though it should."""
    words = f"port {port} speaks plain HTTP, not TLS"
    return PlainHttp(
        f"{node.at(port)}: {what}: {words}",
        words=words,
        hint="Its pod runs a configuration of before: `heddle up` restarts it.",
    )


def refused(
    node: Node, what: str, status: int, words: str, *, told: str = "", hint: str = "", port: int | None = None
) -> Refused:
    """Return the error for the node's own refusal; `told` is how its status is shown before its words."""
    shown = ": ".join(filter(None, (told, printable(words))))
    return Refused(
        f"{node.at(port)}: {what}: {shown}", status=status, words=words, hint=hint_for(words, hint)
    )


def refused_status(node: Node, what: str, status: int, words: str = "") -> Refused:
    """Return the error for a `common.Status` other than SUCCESS of an orderer or deliver service."""
    name, hint = enum_name(common_pb2.Status.DESCRIPTOR, status), _STATUS_HINTS.get(status, "")
    return refused(node, what, status, words or name, told=name if words else "", hint=hint)


def rpc_failure(node: Node, what: str, error: grpc.aio.AioRpcError, *, tunnel: str = "") -> FabricError:
    """Return a failed call as `Unreachable` or `Refused`.

    gRPC's UNKNOWN with 'Stream removed' is a connection that died in mid call (grpc/grpc #34076), not an
    answer. `tunnel` is what the dialer knows: why the way to the node broke.
    """
    code, details = error.code(), gateway_details(error)
    told = error.details() or ""
    words = "; ".join([told, *(_shown(detail, told) for detail in details)])
    if code in _LOST or (code is grpc.StatusCode.UNKNOWN and "Stream removed" in words):
        said = f"{code.name}: {words}" if words else code.name
        return unreachable(node, what, said, tunnel=tunnel, late=code is grpc.StatusCode.DEADLINE_EXCEEDED)
    without = (_peer(detail) for detail in details if _NO_DATABASE.search(detail.message))
    return answered(node, what, int(code.value[0]), words, peer=next(without, ""))


def gateway_details(error: grpc.aio.AioRpcError) -> list[gateway_pb2.ErrorDetail]:
    """Return what each node told the gateway (internal/pkg/gateway/apiutils.go)."""
    status = _rpc_status()
    found = []
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            with suppress(DecodeError):  # they only add to what the node says anyhow
                for packed in status.FromString(value).details:
                    detail = gateway_pb2.ErrorDetail()
                    if packed.Unpack(detail):
                        found.append(detail)
    return found


def _shown(detail: gateway_pb2.ErrorDetail, told: str) -> str:
    """Return a detail for people. What the error itself tells is not repeated: only who said it is named."""
    known = detail.message and detail.message in told
    return f"said by {_peer(detail)}" if known else f"{_peer(detail)}: {detail.message}"


def _peer(detail: gateway_pb2.ErrorDetail) -> str:
    return f"{detail.address} ({detail.msp_id})"


def _rpc_status() -> Any:  # noqa: ANN401 — a message class made at run time
    """Return the class of google.rpc.Status, whichever package registered it.

    Pulumi's SDK has its own copy, and one process holds one only.
    """
    pool = descriptor_pool.Default()
    try:
        found = pool.FindMessageTypeByName("google.rpc.Status")
    except KeyError:
        # Loaded only where no other package has registered it.
        from google.rpc import status_pb2  # type: ignore[import-untyped]  # it ships no types

        found = status_pb2.Status.DESCRIPTOR
    return message_factory.GetMessageClass(found)
