"""No step leaves a channel that cannot order, whatever has failed and whatever fails on the way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.configtx.read import differences
from heddle.configtx.settings import BFT, ETCDRAFT, ChannelSettings, Consenter, OrdererOrganization
from heddle.identity.msp import Msp
from heddle.planner.consenters import Outlook, outlook, standstill
from heddle.planner.facts import Answer, ChannelFacts, LedgerState, NoAnswer
from heddle.planner.standing import missing_consenters, standing, without_slow
from heddle.planner.steps import Kind, steps
from heddle.quorum import fault_tolerance, quorum

MSP = Msp(msp_id="M", root_certificates=(b"root",), tls_root_certificates=(b"tls",))
HEIGHT = 195
RUNS = LedgerState(relation="consenter", status="active", height=HEIGHT)
SICK: list[Answer] = [
    None,
    NoAnswer(reason="silent"),
    LedgerState(relation="consenter", status="inactive", height=HEIGHT),
    LedgerState(relation="consenter", status="active", height=HEIGHT - 9),
]
"""Without its ledger, silent, not at work, with an old ledger."""

INDICES = st.sets(st.integers(0, 8), min_size=1, max_size=7)
FAILURES = st.dictionaries(st.integers(0, 8), st.sampled_from(SICK), max_size=4)
CONSENSUS = st.sampled_from([ETCDRAFT, BFT])


def _settings(indices: set[int], consensus: str, renewed: int | None = None) -> ChannelSettings:
    def consenter(index: int) -> Consenter:
        pem = f"certificate {index}{' new' if index == renewed else ''}".encode()
        return Consenter(
            host=f"orderer{index}", port=7050, client_tls_certificate=pem, server_tls_certificate=pem
        )

    endpoints = tuple(f"orderer{index}:7050" for index in sorted(indices))
    return ChannelSettings(
        channel="trade",
        orderer_organizations=(OrdererOrganization(name="ordering", msp=MSP, endpoints=endpoints),),
        peer_organizations=(),
        consenters=tuple(consenter(index) for index in sorted(indices)),
        consensus=consensus,
    )


def _facts(live: ChannelSettings, failed: dict[int, Answer]) -> ChannelFacts:
    answers = {f"orderer{index}:7050": failed.get(index, RUNS) for index in range(9)}
    return ChannelFacts(name="trade", settings=live, answers=answers)


def _next(live: ChannelSettings, wanted: ChannelSettings, failed: dict[int, Answer]) -> Outlook | None:
    facts = _facts(live, failed)
    todo = steps(live, wanted, missing_consenters(facts, HEIGHT))
    return next(outlook(facts, todo, HEIGHT), None)


def _running(channel: ChannelSettings, failed: dict[int, Answer], without: str = "") -> int:
    down = {f"orderer{index}" for index in failed}
    return sum(each.host not in down and each.address != without for each in channel.consenters)


def _check(live: ChannelSettings, ahead: Outlook, failed: dict[int, Answer]) -> None:
    """The promise of a step that is taken, counted anew here."""
    bft, after = live.consensus == BFT, ahead.step.settings
    before_count, count = len(live.consenters), len(after.consenters)
    running = _running(after, failed)
    margin_before = _running(live, failed) - quorum(before_count, bft=bft)
    margin = running - quorum(count, bft=bft)
    assert margin_before >= 0, "an update that nobody can order"
    assert margin >= 0, "a step that stops the channel"
    if ahead.step.kind is not Kind.SETTINGS:
        assert margin >= min(1, fault_tolerance(count, bft=bft), margin_before), "the margin of one is gone"
    if ahead.step.kind is Kind.ROTATE and ahead.step.joins is not None and count > 2:
        assert _running(after, failed, ahead.step.joins.address) >= quorum(count, bft=bft)
    if ahead.step.kind is Kind.ADD and not bft and count > 2:
        assert _running(live, failed) >= quorum(count, bft=False), "Raft itself would refuse it"


@settings(max_examples=300)
@given(
    INDICES, INDICES, CONSENSUS, FAILURES, st.dictionaries(st.integers(0, 7), FAILURES, max_size=3), st.data()
)
def test_every_step_that_is_taken_leaves_a_quorum(
    before: set[int],
    after: set[int],
    consensus: str,
    failed: dict[int, Answer],
    later: dict[int, dict[int, Answer]],
    draws: st.DataObject,
) -> None:
    """Also while nodes fail and come back between two steps: each is decided by the facts of its moment."""
    renewed = draws.draw(st.sampled_from([None, *sorted(before & after)]))
    live, wanted = _settings(before, consensus), _settings(after, consensus, renewed)
    for number in range(40):
        failed = later.get(number, failed)
        ahead = _next(live, wanted, failed)
        if ahead is None:
            assert not differences(live, wanted)
            return
        if ahead.refusal is not None:
            assert _is_explained(ahead, failed, live)
            return
        if _awaits(ahead, failed):
            return
        _check(live, ahead, failed)
        live = ahead.step.settings
    raise AssertionError("the way has no end")


def _awaits(ahead: Outlook, failed: dict[int, Answer]) -> bool:
    """A node that joins follows the channel first: while it cannot, the step is not taken."""
    joins = ahead.step.joins if ahead.step.kind is not Kind.ROTATE else None
    return joins is not None and any(joins.host == f"orderer{index}" for index in failed)


def _is_explained(ahead: Outlook, failed: dict[int, Answer], live: ChannelSettings) -> bool:
    """A refusal names every consenter that does not run, and what to do."""
    assert ahead.refusal is not None
    named = [f"orderer{i}" for i in failed if any(each.host == f"orderer{i}" for each in live.consenters)]
    return bool(named and ahead.refusal.hint) and all(name in ahead.refusal.reason for name in named)


@given(INDICES, INDICES, CONSENSUS)
def test_a_channel_that_is_well_is_never_refused_its_way(
    before: set[int], after: set[int], consensus: str
) -> None:
    """Whatever number of nodes to whatever other: every step may be taken."""
    live, wanted = _settings(before, consensus), _settings(after, consensus)
    facts = _facts(live, {})
    assert [ahead.refusal for ahead in outlook(facts, steps(live, wanted), HEIGHT) if ahead.refusal] == []


@given(st.integers(3, 8), CONSENSUS, st.data())
def test_a_lost_node_is_always_replaced(count: int, consensus: str, draws: st.DataObject) -> None:
    """One lost node of those that a channel bears never stops the way to its replacement."""
    bft = consensus == BFT
    if fault_tolerance(count, bft=bft) < 1:
        return
    lost = draws.draw(st.integers(0, count - 1))
    failed: dict[int, Answer] = {lost: draws.draw(st.sampled_from(SICK))}
    live = _settings(set(range(count)), consensus)
    wanted = _settings({*range(count), 8} - {lost} if count < 8 else set(range(9)) - {lost}, consensus)
    while ahead := _next(live, wanted, failed):
        assert ahead.refusal is None
        _check(live, ahead, failed)
        live = ahead.step.settings
    assert standing(live, (), bft=bft).margin >= 1


def test_a_slow_quorum_is_not_said_to_have_stopped() -> None:
    """Two of three miss the deadline on a busy machine: they are not down. Those that are still count."""
    late, live = NoAnswer(reason="no answer: Deadline Exceeded", late=True), _settings({0, 1, 2}, ETCDRAFT)
    slow = _facts(live, {0: late, 1: late})
    stopped = _facts(live, {0: late, 1: NoAnswer(reason="refused"), 2: None})

    assert standstill(slow, HEIGHT) is not None
    assert standstill(without_slow(slow), HEIGHT) is None
    assert standstill(without_slow(stopped), HEIGHT) is not None
