"""The way from live to wanted settings is safe step by step, whatever both are."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from heddle.configtx.merge import merge
from heddle.configtx.read import differences
from heddle.configtx.settings import (
    BFT,
    ETCDRAFT,
    ChannelSettings,
    Consenter,
    OrdererOrganization,
)
from heddle.identity.msp import Msp
from heddle.planner.channel import applied_after, planned_steps
from heddle.planner.steps import Kind, Step, steps
from heddle.settings import BatchSettings

MSP = Msp(msp_id="M", root_certificates=(b"root",), tls_root_certificates=(b"tls",))


def _consenter(number: int, key: int = 0) -> Consenter:
    pem = f"certificate {number} {key}".encode()
    return Consenter(
        host=f"orderer{number}", port=7050, client_tls_certificate=pem, server_tls_certificate=pem
    )


def _settings(numbers: dict[int, int], timeout: str = "2s") -> ChannelSettings:
    """A channel of these consenters (number to key), each an endpoint of the one organization."""
    endpoints = tuple(f"orderer{number}:7050" for number in numbers)
    return ChannelSettings(
        channel="channel",
        orderer_organizations=(OrdererOrganization(name="ordering", msp=MSP, endpoints=endpoints),),
        peer_organizations=(),
        consenters=tuple(_consenter(number, key) for number, key in numbers.items()),
        batch=BatchSettings(timeout=timeout),
    )


MEMBERS = st.dictionaries(st.integers(1, 7), st.integers(0, 1), min_size=1, max_size=7)


@given(MEMBERS, MEMBERS, st.sampled_from(["2s", "1s"]))
def test_steps_lead_there_one_consenter_at_a_time(
    before: dict[int, int], after: dict[int, int], timeout: str
) -> None:
    """The last step is the target; no step changes two consenters; endpoints always order already."""
    live, target = _settings(before), _settings(after, timeout)
    current = live
    for step in steps(live, target):
        assert step.changes, "a step that changes nothing would be refused"
        old, new = (set(one.consenters) for one in (current, step.settings))
        changed = {one.host for one in old ^ new}
        assert len(changed) <= (0 if step.kind is Kind.SETTINGS else 1)
        assert step.settings.orderer_organizations[0].endpoints, "Fabric demands one"
        assert new, "a channel without consenters orders nothing"
        current = step.settings
    assert not differences(current, target)


@given(MEMBERS, MEMBERS)
def test_each_step_is_the_first_of_the_rest(before: dict[int, int], after: dict[int, int]) -> None:
    """A run that was cut off after any step goes on with the very next one."""
    live, target = _settings(before), _settings(after)
    todo = steps(live, target)
    for done, step in enumerate(todo, 1):
        rest = steps(step.settings, target)
        assert [one.settings.consenters for one in rest] == [one.settings.consenters for one in todo[done:]]


@given(MEMBERS, MEMBERS, st.sets(st.integers(1, 7)))
def test_who_moves_stays_a_consenter(
    before: dict[int, int], after: dict[int, int], elsewhere: set[int]
) -> None:
    """Another address is one step for one consenter with its key, whoever comes and goes beside it."""
    live, target = _settings(before), _moved(_settings(after), elsewhere)
    moving = {n for n in elsewhere & set(before) & set(after) if before[n] == after[n]}
    current, moved = live, set()
    for step in steps(live, target):
        old, new = (
            {each.client_tls_certificate: each.address for each in one.consenters}
            for one in (current, step.settings)
        )
        changed = {pem for pem in old if pem in new and old[pem] != new[pem]}
        assert len(changed) == (step.kind is Kind.MOVE)
        assert step.kind is not Kind.MOVE or old.keys() == new.keys(), "nobody comes or goes meanwhile"
        moved |= changed
        current = step.settings
    assert not differences(current, target)
    assert moved == {_consenter(number, before[number]).client_tls_certificate for number in moving}


def _moved(settings: ChannelSettings, numbers: set[int]) -> ChannelSettings:
    """The same channel with these consenters at another port."""
    hosts = {f"orderer{number}" for number in numbers}
    (ordering,) = settings.orderer_organizations
    consenters = tuple(
        replace(each, port=9050 if each.host in hosts else each.port) for each in settings.consenters
    )
    endpoints = tuple(each.address for each in consenters)
    return replace(
        settings,
        consenters=consenters,
        orderer_organizations=(replace(ordering, endpoints=endpoints),),
    )


@given(MEMBERS, MEMBERS)
def test_nodes_join_before_others_leave(before: dict[int, int], after: dict[int, int]) -> None:
    """On the way there are never fewer consenters than at the smaller of both ends."""
    live, target = _settings(before), _settings(after)
    least = min(len(before), len(after))
    assert all(len(step.settings.consenters) >= least for step in steps(live, target))


@given(MEMBERS, MEMBERS, st.sets(st.integers(1, 7)), st.sampled_from([ETCDRAFT, BFT]))
def test_the_broken_leave_before_others_join(
    before: dict[int, int], after: dict[int, int], dead: set[int], consensus: str
) -> None:
    """Raft drops them first, BFT puts others in their place; both arrive, and never without a consenter."""
    live, target = (replace(_settings(one), consensus=consensus) for one in (before, after))
    broken = {f"orderer{number}:7050" for number in dead}
    todo = steps(live, target, broken)
    kinds = [step.kind for step in todo]
    gone = [step.leaves.address for step in todo if step.leaves is not None]
    assert set(gone) == {f"orderer{number}:7050" for number in set(before) - set(after)}
    assert gone == sorted(gone, key=lambda address: address not in broken)
    assert all(step.settings.consenters for step in todo)
    if consensus == ETCDRAFT:
        assert Kind.REPLACE not in kinds
    else:
        assert min([len(before), *(len(one.settings.consenters) for one in todo)]) >= min(
            len(before), len(after)
        )
    current = todo[-1].settings if todo else live
    assert not differences(current, target)


def test_a_broken_node_of_three_is_replaced() -> None:
    """With Raft by two updates, with BFT of four by one: the order that keeps a quorum."""
    raft = steps(_settings({1: 0, 2: 0, 3: 0}), _settings({2: 0, 3: 0, 4: 0}), {"orderer1:7050"})
    assert [one.kind for one in raft] == [Kind.SETTINGS, Kind.REMOVE, Kind.ADD, Kind.SETTINGS]
    live, target = (
        replace(_settings(dict.fromkeys(one, 0)), consensus=BFT) for one in ((1, 2, 3, 4), (2, 3, 4, 5))
    )
    bft = steps(live, target, {"orderer1:7050"})
    assert [one.kind for one in bft] == [Kind.SETTINGS, Kind.REPLACE, Kind.SETTINGS]
    assert bft[1].joins is not None
    assert bft[1].leaves is not None
    assert (bft[1].joins.host, bft[1].leaves.host) == ("orderer5", "orderer1")


def test_settings_alone_are_one_update() -> None:
    """A changed batch timeout is one step."""
    (step,) = steps(_settings({1: 0}), _settings({1: 0}, "1s"))
    assert str(step) == "batch timeout: 2s → 1s"


def test_a_new_node_is_announced_once_it_orders() -> None:
    """Peers are not sent to a node that hands out no blocks yet."""
    join, announce = steps(_settings({1: 0}), _settings({1: 0, 2: 0}))
    assert (join.kind, announce.kind) == (Kind.ADD, Kind.SETTINGS)
    assert announce.changes == ("endpoint orderer2:7050 of orderer organization ordering: added",)


def test_an_organization_that_goes_stays_until_its_nodes_have_left() -> None:
    """Its consenters' certificates must chain to some organization as long as they order."""
    live = _settings({1: 0, 2: 0})
    both = (
        replace(live.orderer_organizations[0], endpoints=("orderer1:7050",)),
        OrdererOrganization(name="other", msp=replace(MSP, msp_id="O"), endpoints=("orderer2:7050",)),
    )
    live = replace(live, orderer_organizations=both)
    target = _settings({1: 0})
    remove, drop = steps(live, target)
    assert remove.kind is Kind.REMOVE
    assert [one.name for one in remove.settings.orderer_organizations] == ["ordering", "other"]
    assert [one.name for one in drop.settings.orderer_organizations] == ["ordering"]


def test_revocation_lists_of_others_are_never_taken_away() -> None:
    """A revocation is final, whoever made it."""
    plain = _settings({})
    (organization,) = plain.orderer_organizations
    revoking = replace(organization, msp=replace(MSP, revocation_lists=(b"list",)))
    live = replace(plain, orderer_organizations=(revoking,))
    assert planned_steps(live, plain, base=live) == []
    (step,) = planned_steps(live, replace(plain, batch=BatchSettings(timeout="1s")), base=plain)
    assert step.settings.orderer_organizations == (revoking,)


@given(MEMBERS, MEMBERS, st.integers(0, 14))
def test_a_run_that_stopped_half_way_can_be_taken_back(
    before: dict[int, int], after: dict[int, int], taken: int
) -> None:
    """What it did is no others' doing: the program as it was before leads back, and keeps others' changes."""
    first = _settings(before)
    others = replace(first, batch=replace(first.batch, max_message_count=7))
    base, live = first, others
    for step in _todo(others, _settings(after, "1s"), first)[:taken]:
        base, live = applied_after(base, live, step.settings, step.settings), step.settings
    back = _todo(live, first, base)
    reached = back[-1].settings if back else live
    assert differences(reached, others) == []
    done = [*_todo(live, _settings(after, "1s"), base)]
    assert not any("max message count" in change for step in done for change in step.changes)


def _todo(live: ChannelSettings, wanted: ChannelSettings, base: ChannelSettings) -> list[Step]:
    return steps(live, merge(live, wanted, base))
