"""State files that are damaged: an error names the file and quotes nothing secret, and nothing is written."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.errors import EngineError
from heddle.plugin.values import Secret
from heddle.state.encryption import Crypter
from heddle.state.resource import Resource
from heddle.state.stack import open_stack
from tests.state.conftest import PROVIDER, STACK, Shelf

SECRET = "hidden-key-of-the-admin"
ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.integers() | st.text(max_size=2), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
    | st.sampled_from(
        [
            {"4dabf18193072939515e22adb298388d": kind, "ciphertext": "v1:x:y"}
            for kind in (
                "1b47061264138c4ac30d75fd1eb44270",
                "c44067f5952c0a294b673a41bacd8c17",
                "0def7320c3a5731c473e5ecbe6d01bc7",
                "8ad145fe-0d11-4827-bfd7-1abcbf086f5c",
                3,
            )
        ]
    )
)
fuzzed = settings(
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def checkpoint(shelf: Shelf) -> str:
    resources = [
        Resource(urn=STACK, type="pulumi:pulumi:Stack", custom=False, outputs={"key": Secret(SECRET)}),
        Resource(
            urn=PROVIDER, type="pulumi:providers:test", custom=True, id="1", inputs={"a": [1, {"b": 2.5}]}
        ),
        Resource(
            urn="urn:pulumi:dev::lab::test:index:Thing::a",
            type="test:index:Thing",
            custom=True,
            id="a",
            parent=STACK,
            provider=f"{PROVIDER}::1",
            inputs={"plain": SECRET},
            dependencies=(PROVIDER,),
            property_dependencies={"plain": (PROVIDER,)},
            custom_timeouts={"create": 3.0},
            created="2026-01-01T00:00:00Z",
        ),
    ]
    return shelf.document(resources, creating=resources[2])


def opened(shelf: Shelf, content: bytes) -> str:
    """Open a stack with this checkpoint; the error, if that is the outcome."""
    shelf.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    shelf.checkpoint.write_bytes(content)
    said = ""
    try:
        open_stack(shelf.folder, "dev")
    except EngineError as error:
        said = str(error)
        assert str(shelf.checkpoint) in said or "needs the CLI" in said
        assert SECRET not in said
    assert shelf.checkpoint.read_bytes() == content
    return said


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """Something else in one place, or its bytes changed or cut."""
    if draw(st.booleans()):
        data = text.encode()
        at = draw(st.integers(0, len(data)))
        return data[:at] + draw(st.binary(max_size=3)) + (data[at + 2 :] if draw(st.booleans()) else b"")
    document = json.loads(text)
    place: Any = document
    while isinstance(place, dict | list) and place:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or draw(st.integers(0, 4)) == 0:
            place[key] = draw(ODD)
            break
        place = place[key]
    return json.dumps(document).encode()


def test_any_checkpoint_is_read_or_an_answer(shelf: Shelf, quick: None) -> None:
    """Whatever was changed in it."""
    text = checkpoint(shelf)
    assert opened(shelf, text.encode()) == ""

    @fuzzed
    @given(damaged(text) | st.binary(max_size=20))
    def cases(content: bytes) -> None:
        opened(shelf, content)

    cases()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON: Expecting value"),
        (b"null", "at the top: an object expected, nothing found"),
        (b'{"version":3}', "checkpoint is missing"),
        (b'{"version":3,"checkpoint":{"latest":[]}}', "checkpoint.latest: an object expected, a list found"),
        (
            b'{"version":3,"checkpoint":{"latest":{"resources":[{"urn":"x"}]}}}',
            "resources[0].type is missing",
        ),
        (b"[" * 100_000, "RecursionError"),
    ],
)
def test_a_damaged_checkpoint_is_said(shelf: Shelf, content: bytes, words: str) -> None:
    """Where in it something else was found, and where earlier states are."""
    assert words in opened(shelf, content)
    with pytest.raises(EngineError, match="It is left as it is"):
        open_stack(shelf.folder, "dev")


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"plain", gzip.compress(b"{}" * 100, mtime=0)[:-9]])
def test_a_compressed_checkpoint_that_is_none(shelf: Shelf, content: bytes) -> None:
    """The CLI may have compressed it; a crash may have cut it."""
    path = shelf.checkpoint.with_name("dev.json.gz")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"dev\.json\.gz is not a checkpoint"):
        open_stack(shelf.folder, "dev")
    assert path.read_bytes() == content


@pytest.mark.parametrize("salt", ["x", "v1", "v1::", "v1:ä:v1:x:y", "v2:AAAA:v1:x:y", "v1:AAAA:v1:AAAA:AAAA"])
def test_a_damaged_salt_is_said(quick: None, salt: str) -> None:
    """Of the state or of the stack file: which one, is in the words."""
    with pytest.raises(EngineError, match="of the file F"):
        Crypter("correct horse", salt, source="the file F")


@pytest.mark.parametrize(
    "text",
    ["config: [a]", "encryptionsalt: 3", "a: !!int ''", "a: 2001-99-99", f"config:\n  k: '{SECRET}\n", "- a"],
)
def test_a_damaged_stack_file_is_said(shelf: Shelf, text: str) -> None:
    """It names the file, and quotes no line of it."""
    shelf.stack_file(text)
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml") as caught:
        open_stack(shelf.folder, "dev")
    assert SECRET not in str(caught.value)


def test_state_that_is_no_file_is_said(shelf: Shelf, tmp_path: Path) -> None:
    """A folder in its place."""
    shelf.checkpoint.mkdir(parents=True)
    with pytest.raises(EngineError, match="cannot be read: Is a directory"):
        open_stack(shelf.folder, "dev")
