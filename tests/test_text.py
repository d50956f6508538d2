"""Numbers with their nouns and verbs, and clauses as sentences."""

from heddle.text import are, counted, part_of, sentence


def test_one_is_no_plural() -> None:
    """Where a number is followed by what is counted, people read one thing as one."""
    assert [counted(count, "node") for count in (0, 1, 2)] == ["0 nodes", "1 node", "2 nodes"]
    assert counted(2, "copy", "copies") == "2 copies"
    assert part_of(1, 3, "orderer") == "1 of 3 orderers"
    assert part_of(1, 1, "orderer") == "1 of 1 orderer"
    assert [are(count) for count in (0, 1, 2)] == ["are", "is", "are"]


def test_a_clause_becomes_a_sentence() -> None:
    """Only its first letter changes."""
    assert sentence("run `heddle up`") == "Run `heddle up`."
