"""Values, hashes and private data in a state, and the end of those that live some blocks."""

import hashlib
from pathlib import Path

import pytest
from fabric_protos.peer.chaincode_event_pb2 import ChaincodeEvent
from hypothesis import given
from hypothesis import strategies as st

from heddle.embedded.fabric.peer.committing import Committer
from heddle.embedded.fabric.peer.privatestore import Part, PrivateStore
from heddle.embedded.fabric.peer.simulation import Simulation
from heddle.embedded.fabric.peer.state import State, Version, hashed, hashed_key, private
from heddle.embedded.fabric.peer.transaction import Endorsed, sets_of

NAMESPACE, COLLECTION = "assets", "prices"


class Peer:
    """A state with what belongs to it; `member` gets the private data."""

    def __init__(self, folder: Path, *, member: bool = True, blocks: int = 0) -> None:
        self.state = State()
        self.store = PrivateStore(folder)
        self.committer = Committer(
            state=self.state, store=self.store, blocks_to_live=lambda _namespace, _name: blocks
        )
        self.member = member

    def simulation(self) -> Simulation:
        return Simulation(self.state, "id")

    def commit(self, block: int, simulation: Simulation) -> None:
        """One transaction in one block."""
        if self.member:
            for (namespace, name), content in simulation.private_results().items():
                self.store.put(Part(block, 0, namespace, name), content)
        self.committer.apply(_endorsed(simulation), Version(block, 0))
        self.committer.expire(block)


def _endorsed(simulation: Simulation) -> Endorsed:
    return Endorsed(
        actions=1,
        chaincode=NAMESPACE,
        version="1",
        sets=sets_of(simulation.results()),
        event=ChaincodeEvent(),
        endorsements=(),
        hash=b"",
        expected_hash=b"",
    )


def _put(peer: Peer, block: int, key: str, value: bytes | None) -> None:
    simulation = peer.simulation()
    simulation.put_private(NAMESPACE, COLLECTION, key, value)
    peer.commit(block, simulation)


def test_members_have_values_all_have_hashes(tmp_path: Path) -> None:
    """What is no member's is known by its hash, and read only as that."""
    member, other = Peer(tmp_path / "a"), Peer(tmp_path / "b", member=False)
    for peer in (member, other):
        _put(peer, 1, "tea", b"7")
        assert peer.simulation().hash_of(NAMESPACE, COLLECTION, "tea") == hashlib.sha256(b"7").digest()
    assert member.simulation().get_private(NAMESPACE, COLLECTION, "tea") == b"7"
    with pytest.raises(ValueError, match="private data matching public hash version is not available"):
        other.simulation().get_private(NAMESPACE, COLLECTION, "tea")


def test_late_private_data_do_not_undo_what_came_after(tmp_path: Path) -> None:
    """A value that was fetched after the next one was written is not read any more."""
    peer = Peer(tmp_path, member=False)
    _put(peer, 1, "tea", b"old")
    _put(peer, 2, "tea", b"new")
    for block, value in ((2, b"new"), (1, b"old")):
        simulation = Simulation(State(), "id")
        simulation.put_private(NAMESPACE, COLLECTION, "tea", value)
        [content] = simulation.private_results().values()
        peer.committer.apply_private(NAMESPACE, COLLECTION, content, Version(block, 0))
    assert peer.simulation().get_private(NAMESPACE, COLLECTION, "tea") == b"new"


@given(blocks=st.integers(1, 5), rewritten=st.booleans())
def test_private_data_live_their_blocks(
    tmp_path_factory: pytest.TempPathFactory, blocks: int, rewritten: bool
) -> None:
    """So many blocks after the one that wrote them they are there, then not; a new value begins anew."""
    peer = Peer(tmp_path_factory.mktemp("peer"), blocks=blocks)
    _put(peer, 1, "tea", b"7")
    begin = 1
    if rewritten:
        begin = 2
        _put(peer, 2, "tea", b"8")
    for block in range(begin + 1, begin + blocks + 1):
        peer.commit(block, peer.simulation())
        assert peer.state.get(private(NAMESPACE, COLLECTION), "tea") is not None
    peer.commit(begin + blocks + 1, peer.simulation())
    assert peer.state.get(private(NAMESPACE, COLLECTION), "tea") is None
    assert peer.state.get(hashed(NAMESPACE, COLLECTION), hashed_key("tea")) is None
    assert all(b"tea" not in content for _, content in peer.store.of_block(begin))


def test_a_purge_reaches_peers_that_missed_it(tmp_path: Path) -> None:
    """The hash of the key is enough to find it."""
    peer = Peer(tmp_path)
    _put(peer, 1, "tea", b"7")
    peer.member = False
    simulation = peer.simulation()
    simulation.purge_private(NAMESPACE, COLLECTION, "tea")
    peer.commit(2, simulation)
    assert peer.state.get(private(NAMESPACE, COLLECTION), "tea") is None
    assert peer.store.get(Part(1, 0, NAMESPACE, COLLECTION)) == b""


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.binary(max_size=3)), max_size=12))
def test_replaying_gives_the_same_state(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[str, bytes | None]]
) -> None:
    """A peer that starts again has the values that it had: state is what ledger and store say."""
    folder = tmp_path_factory.mktemp("peer")
    peer = Peer(folder)
    results = []
    for block, (key, value) in enumerate(writes, start=1):
        simulation = peer.simulation()
        simulation.put(NAMESPACE, key, value)
        simulation.put_private(NAMESPACE, COLLECTION, key, value)
        results.append(simulation)
        peer.commit(block, simulation)
    again = Peer(folder)
    for block, simulation in enumerate(results, start=1):
        again.committer.apply(_endorsed(simulation), Version(block, 0))
    for namespace in (NAMESPACE, private(NAMESPACE, COLLECTION), hashed(NAMESPACE, COLLECTION)):
        assert list(again.state.between(namespace, "", "")) == list(peer.state.between(namespace, "", ""))
