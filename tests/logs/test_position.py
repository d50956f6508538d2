"""A log that is read on after its connection ended loses no line and doubles none."""

from hypothesis import given
from hypothesis import strategies as st

from heddle.kube.splitting import LineSplitter
from heddle.logs.position import Position

SECOND = 10**9
START = 1_795_981_200


def raw(time: int, text: str) -> str:
    """A line as an API server gives it."""
    second, rest = divmod(time, SECOND)
    assert second >= START
    return f"2026-11-29T19:{40 + (second - START) // 60:02d}:{(second - START) % 60:02d}.{rest:09d}Z {text}"


def served(lines: list[tuple[int, str]], since: str) -> list[str]:
    """What a kubelet gives out: every line whose time is not before `since`, in its order."""
    found = [raw(time, text) for time, text in lines]
    return [line for line in found if line[:20].replace(".", "Z") >= since]


LINES = st.lists(
    st.tuples(
        st.integers(START * SECOND, (START + 3) * SECOND).map(lambda time: time - time % (SECOND // 4)),
        st.sampled_from(["same", "words"]),
    )
)


@given(LINES, st.lists(st.integers(0, 12), max_size=4), st.integers(0, 12))
def test_every_line_is_taken_once_however_often_the_connection_ends(
    lines: list[tuple[int, str]], cuts: list[int], rotated: int
) -> None:
    """Also lines that are equal, whose times go back a little, or that a rotation took out of reach."""
    lines.sort(key=lambda each: each[0])
    lines[2:4] = reversed(lines[2:4])  # two streams of a container overlap
    if rotated:  # nobody can tell lines apart that are equal to the nanosecond, once the file is another
        lines = [(time, f"{text} {place}") for place, (time, text) in enumerate(lines)]
    position, known = Position(), 0
    taken: list[str] = []
    for cut in [*cuts, len(lines)]:
        position.reconnected()
        known = max(known, min(cut, len(lines)))
        # A rotated file is out of reach of a new connection: what was read of it must not be waited for.
        there = lines[min(rotated, len(taken)) : known]
        taken += [line.text for each in served(there, position.since) if (line := position.take(each))]

    assert taken == [text for _, text in lines]


def test_what_is_older_than_asked_for_is_left_out() -> None:
    """An API server takes whole seconds."""
    position = Position(START * SECOND + 5)
    assert position.since == "2026-11-29T19:40:00Z"
    assert position.take(raw(START * SECOND + 4, "old")) is None
    assert position.take(raw(START * SECOND + 5, "new")) is not None


@given(st.binary(), st.lists(st.integers(0, 30)))
def test_bytes_in_parts_become_the_same_lines(data: bytes, cuts: list[int]) -> None:
    """Wherever an answer is cut: only line feeds end lines, and a last one without it counts."""
    splitter, rest = LineSplitter(), data
    lines: list[str] = []
    for cut in cuts:
        lines += splitter.feed(rest[:cut])
        rest = rest[cut:]
    lines += [*splitter.feed(rest), *splitter.rest()]

    whole = data.split(b"\n")
    assert lines == [each.decode(errors="replace") for each in (whole if whole[-1] else whole[:-1])]


def test_a_line_without_end_is_given_out_in_parts() -> None:
    """It cannot fill the memory."""
    splitter = LineSplitter(longest=4)
    assert [*splitter.feed(b"12345678"), *splitter.feed(b"9\n")] == ["1234", "56789"]
