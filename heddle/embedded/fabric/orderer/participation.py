"""Serve the channel participation REST API, status by status as upstream answers.

Source: orderer/common/channelparticipation/restapi.go, orderer/common/types (Fabric 3.1.5). Authorization is
the TLS handshake: the client's certificate chains to Admin.TLS.ClientRootCAs. A node's settings cannot switch
the API off any more (orderer/common/localconfig/config.go).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fabric_protos.common import common_pb2

from heddle.configtx.names import check_channel_id
from heddle.embedded.fabric.http import Request, Response, json_response
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.errors import ConfigtxError

__all__ = ["ChannelInfo", "ChannelManagement", "Participation", "ParticipationError"]

_BASE = "/participation/v1/"
_CHANNELS = "/participation/v1/channels"


class ParticipationError(Exception):
    """A refusal with its HTTP status; `allow` goes with 405."""

    def __init__(self, words: str, status: int = 400, *, allow: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.allow = allow


@dataclass(frozen=True, kw_only=True)
class ChannelInfo:
    """Describe one channel as this node has it."""

    name: str
    relation: str
    status: str
    height: int


class ChannelManagement(Protocol):
    """Manage channels for the API; every method may raise ParticipationError."""

    def channel_names(self) -> list[str]:
        """Return the names of the node's channels, sorted."""

    def channel_info(self, channel: str) -> ChannelInfo:
        """Describe one channel of the node."""

    async def join(self, block: common_pb2.Block) -> ChannelInfo:
        """Join with a config block."""

    async def update(self, envelope: common_pb2.Envelope) -> ChannelInfo:
        """Submit a configuration update of a channel."""

    async def remove(self, channel: str) -> None:
        """Leave, and delete the ledger."""

    def fetch_block(self, channel: str, block_id: str) -> common_pb2.Block:
        """Return a block by `newest`, `oldest`, `config` or its number."""


class Participation:
    """Answer requests to the channel participation API.

    Args:
        channels: the node's channels.
        max_body: `ChannelParticipation.MaxRequestBodySize`, bytes.
    """

    def __init__(self, channels: ChannelManagement, *, max_body: int) -> None:
        self._channels = channels
        self._max_body = max_body

    async def handle(self, request: Request) -> Response:
        """Answer one request to the API."""
        try:
            return await self._route(request)
        except ParticipationError as error:
            headers = {"Allow": error.allow} if error.allow else {}
            return json_response(error.status, {"error": str(error)}, headers)

    async def _route(self, request: Request) -> Response:
        if request.path == _BASE:
            if request.method == "GET":
                return Response(status=302, headers={"Location": _CHANNELS})
            return Response(status=405)
        if request.path == _BASE.rstrip("/"):
            return Response(status=307, headers={"Location": _BASE})
        if request.path == _CHANNELS:
            return await self._collection(request)
        parts = request.path.removeprefix(_CHANNELS + "/").split("/")
        if not request.path.startswith(_CHANNELS + "/") or not all(parts):
            return Response(status=404, body=b"404 page not found\n")
        if len(parts) == 1:
            return await self._one(request, parts[0])
        if len(parts) == 3 and parts[1] == "blocks":
            return self._block(request, parts[0], parts[2])
        return Response(status=404, body=b"404 page not found\n")

    async def _collection(self, request: Request) -> Response:
        match request.method:
            case "GET":
                _negotiate(request)
                names = self._channels.channel_names()
                channels = [{"name": name, "url": f"{_CHANNELS}/{name}"} for name in names]
                value = {"systemChannel": None, "channels": channels or None}
                return json_response(200, value, {"Cache-Control": "no-store"})
            case "POST":
                block = common_pb2.Block.FromString(self._upload(request, "config-block", "a block"))
                return _created(await self._channels.join(block))
            case "PUT":
                data = self._upload(request, "config-update-envelope", "an envelope")
                return _created(await self._channels.update(common_pb2.Envelope.FromString(data)))
        raise _not_allowed(request, "GET, POST, PUT")

    async def _one(self, request: Request, channel: str) -> Response:
        if request.method not in {"GET", "DELETE"}:
            raise _not_allowed(request, "GET, DELETE")
        _negotiate(request)
        _check_channel(channel)
        if request.method == "GET":
            return json_response(
                200, _info(self._channels.channel_info(channel)), {"Cache-Control": "no-store"}
            )
        await self._channels.remove(channel)
        return Response(status=204)

    def _block(self, request: Request, channel: str, block_id: str) -> Response:
        if request.method != "GET":
            raise _not_allowed(request, "GET")
        _negotiate(request)
        _check_channel(channel)
        if not _names_block(block_id):
            raise ParticipationError(
                f"invalid block ID: '{block_id}' not equal <newest|oldest|config|(number)>"
            )
        block = self._channels.fetch_block(channel, block_id)
        headers = {"Content-Type": "application/octet-stream", "Cache-Control": "no-store"}
        return Response(status=200, body=block.SerializeToString(), headers=headers)

    def _upload(self, request: Request, key: str, what: str) -> bytes:
        """Return the one file part of a multipart form, checked to be such a message."""
        content_type = request.headers.get("content-type", "")
        if not content_type.startswith("multipart/form-data"):
            raise ParticipationError(f"unsupported Content-Type: [{content_type}]")
        _negotiate(request)
        if len(request.body) > self._max_body:
            raise ParticipationError("cannot read form from request body: http: request body too large")
        files, values = _form(content_type, request.body)
        if key not in files:
            raise ParticipationError(f"form does not contains part key: {key}")
        if len(files) != 1 or values:
            raise ParticipationError("form contains too many parts")
        kind = common_pb2.Block if what == "a block" else common_pb2.Envelope
        try:
            kind.FromString(files[key])
        except MALFORMED as error:
            raise ParticipationError(
                f"cannot unmarshal file part {key} into {what}: proto: cannot parse invalid wire-format data"
            ) from error
        return files[key]


def _names_block(block_id: str) -> bool:
    if block_id in {"newest", "oldest", "config"}:
        return True
    return re.fullmatch(r"[+-]?\d+", block_id) is not None and -(2**63) <= int(block_id) < 2**63


def _form(content_type: str, body: bytes) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return file parts and plain values of multipart/form-data, by name."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if not boundary:
        raise ParticipationError("cannot read form from request body: multipart: boundary is empty")
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())
    if not parts or not parts[-1].startswith(b"--"):
        raise ParticipationError("cannot read form from request body: multipart: NextPart: EOF")
    files: dict[str, bytes] = {}
    values: dict[str, bytes] = {}
    for part in parts[:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="([^"]*)"', head)
        kind = files if re.search(rb"[; ]filename=", head) else values
        kind[name[1].decode() if name else ""] = content
    return files, values


def _info(info: ChannelInfo) -> Mapping[str, Any]:
    return {
        "name": info.name,
        "url": f"{_CHANNELS}/{info.name}",
        "consensusRelation": info.relation,
        "status": info.status,
        "height": info.height,
    }


def _created(info: ChannelInfo) -> Response:
    return json_response(201, _info(info), {"Location": f"{_CHANNELS}/{info.name}"})


def _negotiate(request: Request) -> None:
    accepted = request.headers.get("accept", "")
    if accepted and not any(kind in accepted for kind in ("application/json", "application/*", "*/*")):
        raise ParticipationError("response Content-Type is application/json only", 406)


def _check_channel(channel: str) -> None:
    try:
        check_channel_id(channel)
    except ConfigtxError as error:
        raise ParticipationError(f"invalid channel ID: {error.message}") from error


def _not_allowed(request: Request, allow: str) -> ParticipationError:
    return ParticipationError(f"invalid request method: {request.method}", 405, allow=allow)
