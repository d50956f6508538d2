"""State files that are damaged: an error names the file and quotes nothing secret, and nothing is written."""

import gzip
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.errors import EngineError
from heddle.plugin.values import Secret
from heddle.state import secrets
from heddle.state.backend import Backend
from heddle.state.resource import Resource, dump_resource
from heddle.state.secrets import Crypter
from heddle.state.stack import open_stack
from tests.embedded.engine.conftest import Lab

SECRET = "hidden-key-of-the-admin"
STACK = "urn:pulumi:dev::lab::pulumi:pulumi:Stack::lab-dev"
PROVIDER = "urn:pulumi:dev::lab::pulumi:providers:test::default"
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
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def checkpoint(lab: Lab) -> str:
    crypter = Crypter("correct horse")
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
    texts = [dump_resource(each, crypter) for each in resources]
    backend = Backend(lab.checkpoint.parents[3], "lab", "dev")
    operations = [f'{{"resource":{texts[2]},"type":"creating"}}']
    return backend.document(texts, operations, crypter.salt)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in no time: many salts are tried."""
    monkeypatch.setattr(secrets, "_ITERATIONS", 1)


def opened(lab: Lab, content: bytes) -> str:
    """Open a stack with this checkpoint; the error, if that is the outcome."""
    lab.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    lab.checkpoint.write_bytes(content)
    said = ""
    try:
        open_stack(lab.folder, "dev")
    except EngineError as error:
        said = str(error)
        assert str(lab.checkpoint) in said or "needs the CLI" in said
        assert SECRET not in said
    assert lab.checkpoint.read_bytes() == content
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


def test_any_checkpoint_is_read_or_an_answer(lab: Lab, quick: None) -> None:
    """Whatever was changed in it."""
    text = checkpoint(lab)
    assert opened(lab, text.encode()) == ""

    @fuzzed
    @given(damaged(text) | st.binary(max_size=20))
    def cases(content: bytes) -> None:
        opened(lab, content)

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
async def test_a_damaged_checkpoint_stops_every_verb(lab: Lab, content: bytes, words: str) -> None:
    """And is still there afterwards, as it was, for whoever can mend it."""
    lab.program("")
    assert words in opened(lab, content)
    for verb in (lab.up, lab.preview, lab.destroy):
        with pytest.raises(EngineError, match="It is left as it is"):
            await verb()
    assert lab.checkpoint.read_bytes() == content
    assert list(lab.checkpoint.parent.iterdir()) == [lab.checkpoint]


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"plain", gzip.compress(b"{}" * 100, mtime=0)[:-9]])
def test_a_compressed_checkpoint_that_is_none(lab: Lab, content: bytes) -> None:
    """The CLI may have compressed it; a crash may have cut it."""
    path = lab.checkpoint.with_name("dev.json.gz")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"dev\.json\.gz is not a checkpoint"):
        open_stack(lab.folder, "dev")
    assert path.read_bytes() == content


@pytest.mark.parametrize("salt", ["x", "v1", "v1::", "v1:ä:v1:x:y", "v2:AAAA:v1:x:y", "v1:AAAA:v1:AAAA:AAAA"])
def test_a_damaged_salt_is_said(quick: None, salt: str) -> None:
    """Of the state or of the stack file: which one, is in the words."""
    with pytest.raises(EngineError, match="of the file F"):
        Crypter("correct horse", salt, source="the file F")


LOCK = {"pid": os.getpid(), "username": "u", "hostname": socket.gethostname(), "timestamp": "t"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        json.dumps({**LOCK, "pid": None}).encode(),
        json.dumps({**LOCK, "pid": "../../x"}).encode(),
        json.dumps({**LOCK, "username": 3}).encode(),
        b" " * 100_000,
    ],
    # By number: a process's id in a name would make each of xdist's workers collect another test.
    ids=range(8),
)
async def test_a_damaged_lock_is_a_lock(lab: Lab, content: bytes) -> None:
    """Whose it is cannot be known, so it holds, and stays; the error names the file."""
    lab.program("")
    path = lab.folder / "state" / ".pulumi" / "locks" / "organization" / "lab" / "dev" / "x.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"x\.json: it cannot be read[^$]*") as caught:
        await lab.up()
    assert "pulumi cancel" in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "text",
    ["config: [a]", "encryptionsalt: 3", "a: !!int ''", "a: 2001-99-99", f"config:\n  k: '{SECRET}\n", "- a"],
)
def test_a_damaged_stack_file_is_said(lab: Lab, text: str) -> None:
    """It names the file, and quotes no line of it."""
    lab.stack_file(text)
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml") as caught:
        open_stack(lab.folder, "dev")
    assert SECRET not in str(caught.value)


def test_state_that_is_no_file_is_said(lab: Lab, tmp_path: Path) -> None:
    """A folder in its place."""
    lab.checkpoint.mkdir(parents=True)
    with pytest.raises(EngineError, match="cannot be read: Is a directory"):
        open_stack(lab.folder, "dev")
