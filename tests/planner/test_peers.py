"""Which peer restarts next: tried for every small layout of organizations and channels, and every failure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, combinations, product

import pytest

from heddle.planner.facts import LedgerState, NoAnswer, NodeFacts, PodFacts
from heddle.planner.health import serves_nobody
from heddle.planner.peers import joined, next_peer, peer_pauses, peer_refusal

HEIGHT = 20
LAYOUTS: Mapping[str, Mapping[str, int]] = {
    "one organization": {"a": 3},
    "two organizations": {"a": 2, "b": 2},
    "one with a single peer": {"a": 2, "b": 1},
    "all with a single peer": {"a": 1, "b": 1, "c": 1},
    "three organizations": {"a": 2, "b": 2, "c": 1},
}
STATES = ("new", "old", "old and down", "down", "silent", "behind")
"""A peer's state: its template, and what is wrong. `down`, `silent`, `behind` have the new template."""


@dataclass(frozen=True)
class Layout:
    """Peers by organization; channels with all peers, and with the peers of number 0 of the first two."""

    peers: Mapping[str, str]
    memberships: Mapping[str, tuple[str, ...]]

    def own(self, channel: str, organization: str) -> list[str]:
        return [each for each in self.memberships[channel] if self.peers[each] == organization]


def _layout(name: str) -> Layout:
    peers = {f"{own}{n}": own for own, count in LAYOUTS[name].items() for n in range(count)}
    firsts = tuple(each for each in peers if each.endswith("0"))[:2]
    return Layout(peers, {"all": tuple(peers), "some": firsts})


def _facts(layout: Layout, name: str, state: str) -> NodeFacts:
    height = HEIGHT - 9 if state == "behind" else HEIGHT
    answer = LedgerState(relation="peer", status="joined", height=height)
    facts = NodeFacts(
        name=name,
        kind="peer",
        msp_id=layout.peers[name],
        channels={channel: answer for channel, names in layout.memberships.items() if name in names},
        pod=PodFacts(ready="down" not in state, outdated="old" in state, status="crashed"),
    )
    if "down" in state or state == "silent":
        return replace(facts, channels={}, silent=NoAnswer(reason=f"{name} does not answer"))
    return facts


def _worlds(layout: Layout) -> Iterator[dict[str, str]]:
    """Every combination of states of at most two peers that differ from the others, which all are `old`.

    All the others `new` is tried as well: a rollout that an earlier run began.
    """
    pairs = chain(combinations(layout.peers, 0), combinations(layout.peers, 1), combinations(layout.peers, 2))
    for pair in pairs:
        for states, rest in product(product(STATES, repeat=len(pair)), ("old", "new")):
            yield dict.fromkeys(layout.peers, rest) | dict(zip(pair, states, strict=True))


def _serving(layout: Layout, world: Mapping[str, str], channel: str, organization: str) -> set[str]:
    """Peers of an organization that endorse on a channel, counted anew here."""
    return {each for each in layout.own(channel, organization) if world[each] in ("new", "old")}


def _all_facts(layout: Layout, world: Mapping[str, str]) -> list[NodeFacts]:
    return [_facts(layout, name, state) for name, state in world.items()]


def _refusal(chosen: NodeFacts, facts: list[NodeFacts], layout: Layout) -> str:
    others = [each for each in facts if each is not chosen]
    return peer_refusal(chosen, others, layout.memberships, dict.fromkeys(layout.memberships, HEIGHT))


def _check(layout: Layout, world: Mapping[str, str], name: str) -> None:
    """The promise of a restart that is taken while the peer serves."""
    for channel, names in layout.memberships.items():
        if name not in names:
            continue
        for organization in {layout.peers[each] for each in names}:
            own, serving = layout.own(channel, organization), _serving(layout, world, channel, organization)
            left = serving - {name}
            assert left or own == [name], f"{channel}: nobody endorses for {organization}"
            assert len(left) >= len(own) - 1, f"{channel}: two of {organization} are away at once"


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_channel_keeps_its_endorsers(name: str) -> None:
    """From every state: no restart leaves an organization without a peer, if it has two there."""
    layout = _layout(name)
    for start in _worlds(layout):
        world = dict(start)
        for _ in range(len(world) + 1):
            facts = _all_facts(layout, world)
            chosen = next_peer(facts, layout.memberships)
            if chosen is None:
                assert not any("old" in state for state in world.values())
                break
            if not serves_nobody(chosen):
                if words := _refusal(chosen, facts, layout):
                    _expect_reason(layout, world, chosen.name, words)
                    break
                _check(layout, world, chosen.name)
            world[chosen.name] = "new"
        else:
            raise AssertionError(f"{start}: the rollout has no end")


def _expect_reason(layout: Layout, world: Mapping[str, str], name: str, words: str) -> None:
    """A refusal names peers that are not well, all of them with the new template, and nothing else went."""
    ill = {each for each, state in world.items() if state in ("down", "silent", "behind")}
    named = {line.split(":")[0].strip() for line in words.splitlines()}
    assert named
    assert named <= ill, f"{world}: {name} waits for {words}"
    assert not any(state == "old and down" for state in world.values()), "what heals a peer comes first"


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_peer_that_is_well_is_never_kept_back_where_all_are(name: str) -> None:
    """Without a failure every peer restarts once, in one run."""
    layout = _layout(name)
    world, order = dict.fromkeys(layout.peers, "old"), []
    while chosen := next_peer(facts := _all_facts(layout, world), layout.memberships):
        assert _refusal(chosen, facts, layout) == ""
        order.append(chosen.name)
        world[chosen.name] = "new"
    assert sorted(order) == sorted(layout.peers)


def test_an_only_peer_comes_after_those_that_have_another_one() -> None:
    """A template that fails stops the rollout at its first peer: that should cost nobody his endorsement."""
    layout = _layout("one with a single peer")
    layout = replace(layout, memberships={"all": tuple(layout.peers)})
    facts = _all_facts(layout, dict.fromkeys(["b0", "a0", "a1"], "old"))
    assert [each.name for each in facts] == ["b0", "a0", "a1"]
    chosen = next_peer(facts, layout.memberships)
    assert chosen is not None
    assert chosen.name == "a0"


def test_peers_without_a_channel_in_common_do_not_wait_for_each_other() -> None:
    """A broken peer keeps back those of its organization and its channels alone."""
    layout = Layout({"a0": "a", "b0": "b", "c0": "c"}, {"one": ("a0", "b0"), "two": ("c0",)})
    world = {"a0": "down", "b0": "old", "c0": "old"}
    facts = _all_facts(layout, world)
    chosen = next_peer(facts, layout.memberships)
    assert chosen is not None
    assert chosen.name == "c0"
    assert _refusal(facts[1], facts, layout) == "a0: crashed"


def test_a_peer_that_has_yet_to_join_keeps_nobody_back() -> None:
    """It joins after the restarts. Until then it endorses nothing, so the other one is the only one."""
    layout = Layout({"a0": "a", "a1": "a"}, {"one": ("a0", "a1")})
    facts = [_facts(layout, "a0", "old"), replace(_facts(layout, "a1", "new"), channels={})]
    assert _refusal(facts[0], facts, layout) == ""
    there = joined(layout.memberships, facts)
    assert there == {"one": ["a0"]}
    assert len(peer_pauses(["a0"], layout.peers, there)) == 1


@pytest.mark.parametrize(
    ("name", "restarting", "lines"),
    [
        ("two organizations", ["a0", "a1", "b0", "b1"], ["a0 is the only peer of a on some", "b0 is"]),
        ("one with a single peer", ["b0"], ["b0 is the only peer of b on all, some"]),
        ("one with a single peer", ["a1"], []),
        ("all with a single peer", ["c0"], ["c0 is the only peer of c on all"]),
    ],
)
def test_what_cannot_be_kept_is_said(name: str, restarting: list[str], lines: list[str]) -> None:
    """Per channel: a second peer that is not on it does not help there."""
    layout = _layout(name)
    told = peer_pauses(restarting, layout.peers, layout.memberships)
    assert len(told) == len(lines)
    for line, beginning in zip(told, lines, strict=True):
        assert line.startswith(beginning)
        assert "nothing can be endorsed there that needs" in line
