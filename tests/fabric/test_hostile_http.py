"""Whatever an admin or operations endpoint answers: it is read, or a FabricError says whose answer it was."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from fabric_protos.common import common_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.fabric import connection, operations, participation
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import ClientTls, Node
from tests.fabric.hostile import TLS, Hostile, hostile_node, refused

D = 2.0
fuzzed = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
Ask: TypeAlias = Callable[[Connections, Node, float], Awaitable[object]]

INFO = {"name": "a", "url": "/participation/v1/channels/a", "consensusRelation": "consenter", "height": 3}
ASKS: dict[str, tuple[Ask, dict[str, Any]]] = {
    "info": (
        lambda c, n, d: participation.channel_info(c, n, "a", TLS, deadline=d),
        {**INFO, "status": "active"},
    ),
    "join": (
        lambda c, n, d: participation.join(c, n, "a", common_pb2.Block(), TLS, deadline=d),
        {**INFO, "status": "onboarding"},
    ),
    "remove": (
        lambda c, n, d: participation.remove(c, n, "a", TLS, deadline=d),
        {"error": "cannot remove: channel does not exist"},
    ),
    "version": (
        lambda c, n, d: operations.version(c, n, tls=TLS, deadline=d),
        {"CommitSHA": "0", "Version": "v3.1.5"},
    ),
    "metrics": (lambda c, n, d: operations.metrics(c, n, tls=TLS, deadline=d), {}),
}
REAL_STATUS = {"remove": 404}
ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
JSON = st.recursive(
    ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner), max_leaves=5
)


@st.composite
def bodies(draw: st.DrawFn, real: dict[str, Any]) -> bytes:
    """Random bytes, any JSON, or the real answer with something else in one place."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=60))
    if kind == 1 or not real:
        return json.dumps(draw(JSON)).encode()
    answer = json.loads(json.dumps(real))
    place: Any = answer
    while isinstance(place, dict | list) and place:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or draw(st.booleans()):
            place[key] = draw(JSON)
            break
        place = place[key]
    return json.dumps(answer).encode()


def http(status: int, body: bytes, *, length: int | None = None, header: str = "") -> bytes:
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {size}\r\n{header}Connection: close\r\n\r\n"
    return head.encode() + body


@pytest.fixture
async def evil(tmp_path: Path) -> AsyncIterator[Hostile]:
    async with hostile_node(tmp_path) as hostile:
        yield hostile


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections(DirectDialer()) as connections:
        yield connections


@pytest.mark.parametrize("name", ASKS)
async def test_any_answer(evil: Hostile, connections: Connections, name: str) -> None:
    """Of any status, with any body; or no HTTP at all."""
    ask, real = ASKS[name]
    evil.http = http(REAL_STATUS.get(name, 200), json.dumps(real).encode() if real else b"up 1\n")
    await ask(connections, evil.node, 20)
    tried: list[bytes] = []

    @fuzzed
    @given(st.sampled_from([200, 200, 200, 201, 204, 302, 404, 405, 409, 500, 503]), bodies(real), st.data())
    def cases(status: int, body: bytes, data: st.DataObject) -> None:
        whole = http(status, b"" if status == 204 else body)
        cut = data.draw(st.integers(0, len(whole))) if data.draw(st.integers(0, 9)) == 0 else len(whole)
        tried.append(whole[:cut])

    cases()
    for answer in tried:
        evil.http = answer
        await refused(lambda: ask(connections, evil.node, D))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[]", "at the top: an object expected, a list found"),
        (b'{"name": 3}', "name: text expected, a number found"),
        (b'{"name": {}}', "name: text expected, an object found"),
        (b'{"name": "\\ud800"}', "not JSON that can be read (half a character)"),
        (b"[" * 100_000, "not JSON that can be read (RecursionError)"),
        (b"<html>", "not JSON: Expecting value (line 1, column 1)"),
        (b"9" * 10_000, "not JSON that can be read (ValueError)"),
    ],
)
async def test_words(evil: Hostile, connections: Connections, body: bytes, words: str) -> None:
    """Which answer, of which node, and what is wrong in it."""
    evil.http = http(200, body)
    text = await refused(lambda: participation.channel_info(connections, evil.node, "a", TLS, deadline=D))
    assert f"its answer cannot be read: {words}" in text
    assert "Is it a Fabric node" in text


async def test_no_answer_is_endless(
    evil: Hostile, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in size nor in time."""
    monkeypatch.setattr(connection, "_BODY_BYTES", 1000)
    evil.http = http(200, b" " * 2000)
    text = await refused(lambda: participation.channel_info(connections, evil.node, "a", TLS, deadline=D))
    assert "it has more than 1000 bytes" in text
    evil.http = http(200, b"{", length=10, header="X: y\r\n") + b""
    assert await refused(lambda: participation.channel_info(connections, evil.node, "a", TLS, deadline=D))


@pytest.mark.parametrize("roots", [b"nonsense", b"\xff", "ä".encode()])
async def test_certificates_that_are_none(evil: Hostile, connections: Connections, roots: bytes) -> None:
    """Out of a damaged state: an answer that shows no key."""
    node = replace(evil.node, tls_root_certificates=(roots,))
    own = ClientTls(certificate=b"nonsense", private_key=b"hidden")
    for client in (TLS, own):
        text = await refused(lambda: participation.channel_info(connections, node, "a", client, deadline=D))  # noqa: B023 - called at once
        assert "cannot be used" in text
        assert "hidden" not in text


async def test_words_of_an_error_are_cut_and_harmless(evil: Hostile, connections: Connections) -> None:
    """Also those that are no JSON."""
    for body in (b"\x1b[2J" * 20_000, json.dumps({"error": "\x1b[2J" * 20_000}).encode()):
        evil.http = http(500, body)
        text = await refused(
            lambda: participation.channel_info(connections, evil.node, "a", TLS, deadline=D), must=True
        )
        assert "\x1b" not in text
        assert "HTTP 500" in text


@settings(max_examples=100)
@given(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.text(max_size=9), st.floats(allow_nan=False))
def test_a_line_of_metrics_is_read(name: str, label: str, value: float) -> None:
    """As Prometheus writes it: any text as label, escaped, and any number."""
    escaped = label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    metrics = operations.parse_metrics(f'{name}{{channel="{escaped}"}} {value!r}\n')
    found = [(one.name, one.labels, one.value) for one in metrics.samples]
    assert found == [(name, {"channel": label}, value)]


@settings(max_examples=300)
@given(
    st.text(max_size=200) | st.from_regex(r'[a-z]+(\{[a-z]+="[^"]*"\})? [-+0-9a-zA-Z.]+\n', fullmatch=True)
)
def test_any_text_is_metrics(text: str) -> None:
    """Lines that carry no number are left out."""
    for sample in operations.parse_metrics(text).samples:
        assert isinstance(sample.value, float)


def test_metrics_cannot_keep_the_reader_busy() -> None:
    """A megabyte of braces or spaces in one line is looked at once."""
    for line in ("x{" + "}" * 1_000_000, "x" + " " * 1_000_000 + "#", "x{" + 'a="' * 300_000):
        assert operations.parse_metrics(line + "\ngo_goroutines 42").value("go_goroutines") == 42
