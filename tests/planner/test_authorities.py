"""Exchanging authorities: every phase, edit and kill between two writes, on every network up to three nodes.

The model is an `up` as its writes come: the exchange is saved, nodes restart with the files of what is saved
(in any order, since a node may also crash into them), then each channel takes roots and consenters.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from heddle.planner.authorities import (
    ChannelTrust,
    Generations,
    NodeTrust,
    exchange_refusal,
    needs_proof,
    step_refusal,
)

ONE = Generations(trusted=frozenset({1}), issuing=1)
TRUSTED = Generations(trusted=frozenset({1, 2}), issuing=1)
ISSUING = Generations(trusted=frozenset({1, 2}), issuing=2)
TWO = Generations(trusted=frozenset({2}), issuing=2)
WISHES = (ONE, TRUSTED, ISSUING, TWO)


@dataclass(frozen=True)
class State:
    """What is in force and saved, what each node runs with, and what the channel says."""

    saved: Generations | None
    nodes: tuple[Generations, ...]
    holds: frozenset[int]
    consenters: tuple[int, ...]

    def trust(self) -> list[NodeTrust]:
        return [
            NodeTrust(name=f"node{index}", presents=frozenset({node.issuing}), accepts=node.trusted)
            for index, node in enumerate(self.nodes)
        ]

    def channels(self) -> list[ChannelTrust]:
        known = {f"node{index}": generation for index, generation in enumerate(self.consenters)}
        return [ChannelTrust(name="trade", holds=self.holds, consenters=known)]

    def refuses(self, wish: Generations) -> bool:
        return exchange_refusal("org", wish, self.saved, self.trust(), self.channels()) is not None


def begin(count: int) -> State:
    return State(saved=None, nodes=(ONE,) * count, holds=frozenset({1}), consenters=(1,) * count)


def writes(state: State) -> Iterator[State]:
    """Every next single write of an `up` of what is saved; none when it has nothing left to do."""
    wish = state.saved or ONE
    outdated = [index for index, node in enumerate(state.nodes) if node != wish]
    for index in outdated:
        nodes = tuple(wish if number == index else node for number, node in enumerate(state.nodes))
        yield replace(state, nodes=nodes)
    if outdated:
        return
    for index, generation in enumerate(state.consenters):
        # The channel takes roots before consenters, and what it no longer needs goes with the roots.
        if generation != wish.issuing and wish.trusted <= state.holds | {generation}:
            new = tuple(
                wish.issuing if number == index else each for number, each in enumerate(state.consenters)
            )
            yield replace(state, consenters=new)
            return
    if state.holds != wish.trusted:
        yield replace(state, holds=wish.trusted)


def reachable(count: int) -> set[State]:
    """Every state: killed after any write, with any allowed edit at any moment."""
    found, todo = set[State](), [begin(count)]
    while todo:
        state = todo.pop()
        if state in found:
            continue
        found.add(state)
        todo += writes(state)
        todo += [replace(state, saved=wish) for wish in WISHES if not state.refuses(wish)]
    return found


@pytest.mark.parametrize("count", [1, 2, 3])
def test_nobody_is_ever_refused_by_anybody(count: int) -> None:
    """Wherever it is killed, whatever is asked: what a node presents all others and the channel accept."""
    for state in reachable(count):
        for node in state.nodes:
            assert node.issuing in state.holds, state
            assert all(node.issuing in other.trusted for other in state.nodes), state
        assert set(state.consenters) <= state.holds, state


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_state_has_a_way_to_its_end(count: int) -> None:
    """Phase after phase, an `up` each: none is refused for ever, and the new generation stands alone."""
    for state in reachable(count):
        reached = _finished(state)
        order = [TRUSTED, ISSUING, TWO] if reached.saved in {None, ONE, TRUSTED} else [ISSUING, TWO]
        for wish in order:
            assert not reached.refuses(wish), (state, wish)
            reached = _finished(replace(reached, saved=wish))
        assert reached == State(
            saved=TWO, nodes=(TWO,) * count, holds=frozenset({2}), consenters=(2,) * count
        )


@pytest.mark.parametrize("wish", [ISSUING, TWO])
def test_no_phase_is_left_out(wish: Generations) -> None:
    assert begin(2).refuses(wish)
    assert _finished(replace(begin(2), saved=TRUSTED)).refuses(TWO)


@pytest.mark.parametrize("killed", range(1, 4))
def test_a_phase_that_was_cut_off_is_not_over(killed: int) -> None:
    """Strimzi's operator went on by its own count, and shut out those that had not restarted."""
    state = replace(begin(4), saved=TRUSTED)
    for _ in range(killed):
        state = next(iter(writes(state)))
    assert state.refuses(ISSUING)
    state = replace(_finished(state), saved=ISSUING)
    for _ in range(killed):
        state = next(iter(writes(state)))
    assert state.refuses(TWO)


def test_what_is_not_known_counts_as_no() -> None:
    """A node or a channel that tells nothing holds up both steps, and is named with its reason."""
    node = NodeTrust(name="peer0-org", silent="does not answer")
    channel = ChannelTrust(name="trade", silent="no orderer answers")
    for wish, former in ((ISSUING, TRUSTED), (TWO, ISSUING)):
        refusal = exchange_refusal("org", wish, former, [node], [channel])
        assert refusal is not None
        assert "peer0-org: not known" in refusal.reason
        assert "channel trade: not known" in refusal.reason
    assert exchange_refusal("org", TRUSTED, None, [node], [channel]) is None, (
        "it changes what nobody presents"
    )


@pytest.mark.parametrize("wish", [TRUSTED, ISSUING, TWO])
def test_a_new_network_begins_with_any_generation(wish: Generations) -> None:
    """A stack file of an instance whose authorities were exchanged makes the same instance elsewhere."""
    assert exchange_refusal("org", wish, None, [], []) is None


def test_what_somebody_else_issued_is_in_use() -> None:
    """The first generation that a state knows nothing of is not passed over."""
    nodes = [NodeTrust(name="peer0-org", presents=frozenset({0}), accepts=frozenset())]
    refusal = exchange_refusal("org", TWO, None, nodes, [])
    assert refusal is not None
    assert "does not accept certificates of generation 2" in refusal.reason


def test_an_exchange_that_begins_after_the_end_is_refused() -> None:
    """Nobody would accept the new generation, and nothing can be asked."""
    for wish, former in ((TRUSTED, None), (ISSUING, None), (TWO, ONE)):
        refusal = exchange_refusal("org", wish, former, [], [], ended={1})
        assert refusal is not None
        assert "org: an authority of generation 1 has ended" in refusal.reason
        assert "An authority has ended" in refusal.hint


def test_an_exchange_that_began_before_the_end_goes_on() -> None:
    """Nodes that nobody connects to cannot be asked, and nobody is shut out who is let in nowhere."""
    node = NodeTrust(name="peer0-org", silent="its certificate has expired")
    assert not needs_proof(ISSUING, TRUSTED, ended={1})
    assert exchange_refusal("org", ISSUING, TRUSTED, [node], [], ended={1}) is None
    stays = exchange_refusal("org", TRUSTED, TRUSTED, [], [], ended={1})
    assert stays is not None
    assert "Write `phase: issuing` for generation 2" in stays.hint
    assert exchange_refusal("org", TWO, ISSUING, [node], [], ended={1}) is not None, (
        "it has not restarted yet"
    )
    back = exchange_refusal("org", TRUSTED, ISSUING, [], [], ended={1})
    assert back is not None, "the old one issues nothing any more"


def after_each_other(number: int) -> Generations:
    """Return what the operations endpoints' authorities are at a number."""
    return Generations(trusted=frozenset({number - 1, number}), issuing=number)


@pytest.mark.parametrize(
    ("before", "number", "next_one"),
    [(None, 2, None), (None, 3, 2), (2, 2, None), (2, 3, None), (3, 2, 4), (2, 5, 3)],
)
def test_authorities_of_operations_follow_one_by_one(
    before: int | None, number: int, next_one: int | None
) -> None:
    """Only the one before can certify the next for nodes that have not restarted; the way on is named."""
    former = after_each_other(before) if before else None
    refusal = step_refusal(after_each_other(number), former)
    assert (refusal is None) == (next_one is None)
    if refusal:
        assert f"certificates.operations: {number} does not follow" in refusal.reason
        assert f"write {next_one} " in refusal.hint


def _finished(state: State) -> State:
    while after := next(iter(writes(state)), None):
        state = after
    return state
