"""When who orders may change: the rest is well, and a quorum orders before and after."""

from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.settings import BFT, ETCDRAFT, ChannelSettings, Consenter
from heddle.errors import ProviderError, Unreachable
from heddle.fabric.participation import ChannelInfo
from heddle.planner.channel import Kind, Step
from heddle.provider.channel.facts import Facts, Live, State

ACTIVE = ChannelInfo(name="channel", relation="consenter", status="active", height=5)
AWAY = Unreachable("no answer")


class _Reach:
    """The names of nodes are their hosts."""

    channel = "channel"

    def __init__(self, hosts: str) -> None:
        self.node_of = {f"{host}:1": host for host in hosts}


def _settings(hosts: str, consensus: str) -> ChannelSettings:
    consenters = tuple(
        Consenter(host=host, port=1, client_tls_certificate=b"", server_tls_certificate=b"") for host in hosts
    )
    return ChannelSettings(
        channel="channel",
        orderer_organizations=(),
        peer_organizations=(),
        consenters=consenters,
        consensus=consensus,
    )


def _expect(
    before: str, after: str, well: str, consensus: str, broken: set[str], *, known: str = "abcdefgh"
) -> str:
    """Why a step from these consenters to those is refused; well are the nodes that order."""
    live = Live(block=common_pb2.Block(), config=configtx_pb2.Config(), settings=_settings(before, consensus))
    states: dict[str, State] = {host: ACTIVE if host in well else AWAY for host in known}
    joins, leaves = set(after) - set(before), set(before) - set(after)
    settings = _settings(after, consensus)
    nodes = {one.host: one for one in (*live.settings.consenters, *settings.consenters)}
    kind = Kind.REPLACE if joins and leaves else Kind.ADD if joins else Kind.REMOVE
    step = Step(
        kind=kind,
        settings=settings,
        joins=nodes[joins.pop()] if joins else None,
        leaves=nodes[leaves.pop()] if leaves else None,
        changes=("x",),
    )
    reach: Any = _Reach("".join(host for host in after if host in known))
    try:
        Facts(live=live, states=states).expect_consenters(reach, step, {f"{one}:1" for one in broken})
    except ProviderError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("before", "after", "well", "consensus", "broken", "refused"),
    [
        ("abc", "bc", "bc", ETCDRAFT, {"a"}, ""),
        ("abc", "bc", "b", ETCDRAFT, {"a"}, "c:1: no answer"),
        ("abc", "abcd", "abc", ETCDRAFT, set(), ""),
        ("a", "ab", "a", ETCDRAFT, set(), ""),
        ("ab", "b", "b", ETCDRAFT, {"a"}, "1 of 2 consenters order, 2 are needed"),
        ("abcde", "bcde", "cde", ETCDRAFT, {"a", "b"}, "b:1: no answer"),
        ("abcd", "abce", "abc", BFT, {"d"}, ""),
        ("abcd", "abce", "ab", BFT, {"d"}, "c:1: no answer"),
        ("abcd", "abcde", "abcd", BFT, set(), ""),
        ("abcd", "abc", "abc", BFT, {"d"}, ""),
    ],
)
def test_a_quorum_before_and_after(
    before: str, after: str, well: str, consensus: str, broken: set[str], refused: str
) -> None:
    """One that is to leave may be broken; of all others none."""
    said = _expect(before, after, well, consensus, broken)
    assert refused in said
    assert bool(refused) is bool(said)


def test_other_broken_ones_that_leave_later_are_counted() -> None:
    """They are no longer among the inputs, so nobody answers for them: they are simply not there."""
    assert _expect("abcdefg", "bcdefg", "cdef", BFT, {"a", "b", "g"}, known="cdef") == (
        "channel channel: who orders is not changed while not all consenters are well:\n"
        "  4 of 7 consenters order, 5 are needed\n"
        "  Bring these orderers up first; then run it again."
    )
    assert not _expect("abcdefg", "bcdefg", "cdef", ETCDRAFT, {"a", "b", "g"}, known="cdef")
