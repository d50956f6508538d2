"""Use the channel participation API of an orderer (orderer/common/channelparticipation/restapi.go, 3.1.5).

All calls need the TLS client certificate that the orderer's admin endpoint trusts: there is no other check.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fabric_protos.common.common_pb2 import Block

from heddle.errors import FabricError
from heddle.fabric.answers import JSON_BYTES, HttpAnswer, plain_of
from heddle.fabric.connection import Connections
from heddle.fabric.failures import refused, unreachable
from heddle.fabric.node import ClientTls, Node
from heddle.plain import Plain, ShapeError, parse_json
from heddle.waiting import Deadline, ensure, poll, reading

__all__ = ["ChannelInfo", "channel_info", "join", "remove", "wait_until"]

_CHANNELS = "/participation/v1/channels"
_NAME = 249
"""Characters of a channel's name, the longest word here (common/configtx/validator.go)."""


@dataclass(frozen=True, kw_only=True)
class ChannelInfo:
    """Hold what an orderer says of one of its channels.

    relation: consenter, follower, config-tracker or other. status: active, onboarding, inactive or failed.
    height: number of blocks. 'active' means past the block it joined with, not level with the others.
    """

    name: str
    relation: str
    status: str
    height: int

    def __str__(self) -> str:
        return f"{self.relation}, {self.status}, height {self.height}"


async def channel_info(
    connections: Connections,
    node: Node,
    channel: str,
    tls: ClientTls,
    *,
    deadline: float,
    any_date: bool = False,
) -> ChannelInfo | None:
    """Return relation, status and height, or None if the orderer itself says it has no such channel.

    `any_date`: ask also an orderer whose certificate has expired.
    """
    what = f"channel {channel}"
    path = f"{_CHANNELS}/{channel}"

    async def ask(left: float) -> HttpAnswer:
        return await _send(connections, node, tls, "GET", path, what, left, any_date=any_date)

    response = await reading(ask, deadline=deadline)
    if response.status == 404:
        return None
    _expect(response, node, what, 200)
    return plain_of(response.content, _info, node, what, port=node.admin_port)


async def join(
    connections: Connections, node: Node, channel: str, block: Block, tls: ClientTls, *, deadline: float
) -> ChannelInfo:
    """Join a channel by its genesis block, or by its latest configuration block once it has others.

    Idempotent: where the orderer has a channel of this name already, that one is returned. Which genesis it
    has is for the caller to compare. A lost answer is settled by looking.
    """
    what = f"join channel {channel}"
    content = {"config-block": ("config.block", block.SerializeToString(), "application/octet-stream")}

    async def look(left: float) -> ChannelInfo | None:
        return await channel_info(connections, node, channel, tls, deadline=left)

    async def post(left: float) -> ChannelInfo:
        response = await _send(connections, node, tls, "POST", _CHANNELS, what, left, files=content)
        _expect(response, node, what, 201)
        return plain_of(response.content, _info, node, what, port=node.admin_port)

    return await ensure(post, look, deadline=deadline)


async def remove(
    connections: Connections, node: Node, channel: str, tls: ClientTls, *, deadline: float
) -> None:
    """Halt the channel on this orderer, delete its ledger, and wait until it is gone.

    Fabric does not look at membership: it also removes a live consenter, so check before. The Raft log and
    snapshots of the channel stay on its disk (issue #4016).
    """
    clock = Deadline(deadline)
    what = f"remove channel {channel}"
    path = f"{_CHANNELS}/{channel}"
    response = await _send(connections, node, tls, "DELETE", path, what, clock.left())
    if response.status not in (404, 409):  # 409: being removed already
        _expect(response, node, what, 204)

    async def look(left: float) -> ChannelInfo | None:
        return await channel_info(connections, node, channel, tls, deadline=left)

    def too_slow(last: ChannelInfo | None) -> FabricError:
        return unreachable(node, what, f"still there after {deadline:.0f} s: {last}", port=node.admin_port)

    until = f"until {node.name} has left {channel}"
    await poll(look, lambda info: info is None, deadline=clock, otherwise=too_slow, until=until)


async def wait_until(
    connections: Connections,
    node: Node,
    channel: str,
    tls: ClientTls,
    enough: Callable[[ChannelInfo], bool],
    *,
    deadline: float,
    wanted: str = "the expected state",
) -> ChannelInfo:
    """Look at the channel until `enough` of it. Raises FabricError with the last state at the deadline."""

    async def look(left: float) -> ChannelInfo | None:
        return await channel_info(connections, node, channel, tls, deadline=left)

    def too_slow(last: ChannelInfo | None) -> FabricError:
        seen = "the orderer does not have the channel" if last is None else str(last)
        return FabricError(
            f"{node.at(node.admin_port)}: channel {channel}: not {wanted} within {deadline:.0f} s: {seen}",
            hint="Look at the orderer's log, and whether it reaches the other consenters.",
        )

    found = await poll(
        look,
        lambda info: info is not None and enough(info),
        deadline=deadline,
        otherwise=too_slow,
        until=lambda info: f"until {node.name} is {wanted} on {channel}: {info or 'it has not joined'}",
    )
    assert found is not None  # noqa: S101 - poll returns only what is enough
    return found


def _info(answer: Plain) -> ChannelInfo:
    return ChannelInfo(
        name=answer["name"].text(most=_NAME),
        relation=answer["consensusRelation"].text(most=_NAME),
        status=answer["status"].text(most=_NAME),
        height=answer["height"].integer(),
    )


async def _send(
    connections: Connections,
    node: Node,
    tls: ClientTls,
    method: str,
    path: str,
    what: str,
    deadline: float,
    *,
    files: dict[str, tuple[str, bytes, str]] | None = None,
    any_date: bool = False,
) -> HttpAnswer:
    if node.admin_port is None:
        raise FabricError(
            f"{node.at()}: {what}: it has no admin port",
            hint="Only orderers have the participation API; give this one its Admin.ListenAddress port.",
        )
    return await connections.request(
        node,
        node.admin_port,
        method,
        path,
        what,
        deadline=deadline,
        client_tls=tls,
        files=files,
        any_date=any_date,
    )


def _expect(response: HttpAnswer, node: Node, what: str, status: int) -> None:
    if response.status == status:
        return
    try:
        words = parse_json(response.content, limit=JSON_BYTES)["error"].text()
    except ShapeError:
        words = response.text().strip()
    hint = {
        404: "The orderer does not have the channel.",
        409: "The orderer is removing the channel: wait until it is gone.",
        503: "Set ChannelParticipation.Enabled in orderer.yaml.",
    }.get(response.status, "")
    told = f"HTTP {response.status}"
    raise refused(node, what, response.status, words, told=told, hint=hint, port=node.admin_port)
