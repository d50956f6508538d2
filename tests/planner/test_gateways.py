"""Gateways of peers always reach enough of the orderers that they know, however these come and go."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.configtx.settings import BFT, ETCDRAFT, ChannelSettings, Consenter, OrdererOrganization
from heddle.identity.msp import Msp
from heddle.planner.gateways import leaving_refusal, outdates_gateways
from heddle.planner.steps import steps
from heddle.quorum import quorum
from heddle.settings import BatchSettings

MSP = Msp(msp_id="M", root_certificates=(b"root",), tls_root_certificates=(b"tls",))


def channel(numbers: Collection[int], consensus: str) -> ChannelSettings:
    """Return a channel that the orderers with these numbers order."""
    hosts = {number: f"orderer{number}" for number in sorted(numbers)}
    consenters = tuple(
        Consenter(
            host=host,
            port=7050,
            client_tls_certificate=host.encode(),
            server_tls_certificate=host.encode(),
            id=number if consensus == BFT else 0,
            msp_id="M" if consensus == BFT else "",
            identity=host.encode() if consensus == BFT else b"",
        )
        for number, host in hosts.items()
    )
    endpoints = tuple(f"{host}:7050" for host in hosts.values())
    return ChannelSettings(
        channel="trade",
        orderer_organizations=(OrdererOrganization(name="ordering", msp=MSP, endpoints=endpoints),),
        peer_organizations=(),
        consenters=consenters,
        batch=BatchSettings(timeout="2s"),
        consensus=consensus,
    )


def endpoints(settings: ChannelSettings) -> set[str]:
    """Return the orderers that a gateway of a peer that starts now knows."""
    return {address for each in settings.orderer_organizations for address in each.endpoints}


@dataclass
class Peers:
    """The gateways of all peers, which know the orderers that there were when they started."""

    known: set[str]
    consensus: str

    def reach(self, settings: ChannelSettings) -> bool:
        """Tell whether a transaction still finds as many orderers as a gateway wants."""
        running = self.known & {each.address for each in settings.consenters}
        return len(running) >= (quorum(len(self.known), bft=True) if self.consensus == BFT else 1)


def updates(peers: Peers, before: ChannelSettings, after: ChannelSettings) -> Iterator[ChannelSettings]:
    """Take the steps of one `up`, at whose end the peers restart if they must; yield what each leaves."""
    todo, live, outdated = steps(before, after), before, False
    if leaving_refusal("trade", before, todo) is not None:
        return
    for step in todo:
        outdated = outdated or outdates_gateways(live, step.settings)
        live = step.settings
        yield live
    if outdated:
        peers.known = endpoints(live)


SETS = st.sets(st.integers(1, 9), min_size=1, max_size=7)


@given(st.sampled_from([ETCDRAFT, BFT]), st.lists(SETS, min_size=2, max_size=6))
def test_no_way_of_membership_leaves_gateways_without_orderers(
    consensus: str, wishes: list[set[int]]
) -> None:
    """Each `up` wants another set that shares an orderer with the last; what is refused changes nothing."""
    live = channel(wishes[0], consensus)
    peers = Peers(known=endpoints(live), consensus=consensus)
    for wish in wishes[1:]:
        wanted = channel(wish, consensus)
        if not endpoints(wanted) & endpoints(live):
            continue  # that all are replaced at once is refused elsewhere
        for settings in updates(peers, live, wanted):
            live = settings
            assert peers.reach(settings)


CASES = [
    (BFT, {1, 2, 3, 4}, {1, 2, 3, 5}, True, ""),
    (BFT, {1, 2, 3, 4}, {1, 2, 3, 4, 5}, True, ""),
    (BFT, {1, 2, 3, 4, 5}, {1, 2, 3, 4}, True, ""),
    (BFT, {1, 2, 3, 4}, {1, 2, 5, 6}, True, "Take at most 1 of them"),
    (BFT, {1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4}, True, "Take at most 2 of them"),
    (ETCDRAFT, {1, 2, 3}, {1, 2, 3, 4, 5}, True, ""),
    (ETCDRAFT, {1, 2, 3, 4, 5}, {1, 2, 3}, False, ""),
    (ETCDRAFT, {1, 2, 3}, {1, 2, 3}, False, ""),
]


@pytest.mark.parametrize(("consensus", "before", "after", "restarts", "refused"), CASES)
def test_when_peers_restart_and_when_too_many_leave(
    consensus: str, before: set[int], after: set[int], restarts: bool, refused: str
) -> None:
    """Peers restart for orderers that join, with BFT also for those that leave."""
    live, wanted = channel(before, consensus), channel(after, consensus)
    assert outdates_gateways(live, wanted) is restarts
    refusal = leaving_refusal("trade", live, steps(live, wanted))
    assert (refusal is not None) is bool(refused)
    assert refusal is None or refused in refusal.hint


def test_a_new_address_is_no_orderer_that_leaves() -> None:
    """It answers to its former address still."""
    live = channel({1, 2, 3, 4}, BFT)
    moved = replace(live.consenters[0], host="other")
    (organization,) = live.orderer_organizations
    wanted = replace(
        live,
        consenters=(moved, *live.consenters[1:]),
        orderer_organizations=(replace(organization, endpoints=("other:7050", *organization.endpoints[1:])),),
    )
    assert outdates_gateways(live, wanted)
    assert leaving_refusal("trade", live, steps(live, wanted)) is None
