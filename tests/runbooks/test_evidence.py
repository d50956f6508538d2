"""What the log of a peer that does not start says of its ledger."""

from pathlib import Path

import pytest

from heddle.runbooks.evidence import Damage, find_damage

CASES = Path(__file__).parent.parent / "cases/runbooks/logs"


def log(name: str) -> str:
    """A log of a 3.1.5 peer whose volume was spoiled on purpose, or of a stand-in."""
    return (CASES / f"{name}.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "damage", "part"),
    [
        ("state", Damage.DERIVED, "the state database"),
        ("index", Damage.DERIVED, "the index of the block files"),
        ("history", Damage.DERIVED, "the history database"),
        ("config-history", Damage.DERIVED, "the configuration history"),
        ("blocks", Damage.LEDGER, "the block files"),
        ("no-blocks", Damage.LEDGER, "the ledger"),
        ("private", Damage.PRIVATE, "the store of private data"),
        ("transient", Damage.LEDGER, "the transient store"),
        ("standin", Damage.LEDGER, "the ledger"),
    ],
)
def test_the_trace_tells_what_is_broken(name: str, damage: Damage, part: str) -> None:
    """Fabric's panics are alike; which database it was is told by the functions in the trace."""
    found = find_damage(log(name))

    assert (found.damage, found.part) == (damage, part)
    assert found.lines


@pytest.mark.parametrize(
    ("name", "words"),
    [("couchdb-password", "Name or password is incorrect"), ("couchdb-unreachable", "connection refused")],
)
def test_a_peer_that_cannot_use_its_couchdb_has_no_broken_ledger(name: str, words: str) -> None:
    """Nothing is made again from the blocks for it; the peer's own words are shown."""
    found = find_damage(log(name))

    assert found.damage is Damage.NONE
    assert words in found.lines[0]


@pytest.mark.parametrize("name", ["certificate", "empty"])
def test_other_ends_are_no_broken_ledger(name: str) -> None:
    """A peer that ends for another reason keeps its ledger, though it prints settings with the same words."""
    assert find_damage(log(name)).damage is Damage.NONE


def test_colours_do_not_matter() -> None:
    """Nodes colour their logs, a pod's log has the escape sequences."""
    coloured = log("blocks").replace("panic", "\x1b[31mpanic\x1b[0m", 1)

    assert find_damage(coloured).damage is Damage.LEDGER
