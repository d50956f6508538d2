"""Entries as people read them: folded in a terminal, a line for each in a file, no control signs."""

from heddle.logs.entries import Entry
from heddle.logs.formats import Level
from heddle.logs.lines import Layout, shown

ENTRY = Entry(
    source="peer0-one",
    kind="peer",
    time=1_795_981_200_382_000_000,
    level=Level.ERROR,
    logger="gossip.comm",
    message="sendToEndpoint -> Failed obtaining connection for peer1-one: context deadline exceeded\x1b[2J",
    more=("\tstack", "", ""),
)


def plain(words: str, _: Level | None) -> str:
    return words


def test_a_terminal_gets_the_day_and_folded_lines() -> None:
    """The day stands once, above the first line of it; no line is wider than the terminal."""
    layout = Layout()
    layout.learn(["peer0-one", "orderer0-orderer"])

    assert shown(ENTRY, layout, 80, plain) == [
        "2026-11-29 (UTC)",
        "19:40:00.382 peer0-one ERROR [gossip.comm] sendToEndpoint -> Failed obtaining",
        "    connection for peer1-one: context deadline exceeded\N{REPLACEMENT CHARACTER}[2J",
        "        stack",
    ]
    roomy = shown(ENTRY, layout, 130, plain)
    assert roomy[0].startswith("19:40:00.382 peer0-one        ERROR   [gossip.comm] sendToEndpoint")
    assert all(len(line) <= 130 for line in roomy)


def test_a_file_gets_date_and_time_on_each_entry() -> None:
    """Unfolded; empty lines at an entry's end are left out."""
    assert shown(ENTRY, Layout(), 0, plain) == [
        "2026-11-29T19:40:00.382000Z peer0-one ERROR [gossip.comm] sendToEndpoint -> Failed obtaining "
        "connection for peer1-one: context deadline exceeded\N{REPLACEMENT CHARACTER}[2J",
        "        stack",
    ]
