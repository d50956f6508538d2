"""Blocks and configurations as JSON, beside what configtxlator printed of them.

The cases are of real nodes (`history.live_through`): `<name>.<type>.pb` and configtxlator's own text.
"""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.common.common_pb2 import Block, Envelope
from fabric_protos.common.configtx_pb2 import Config, ConfigUpdate
from fabric_protos.peer import transaction_pb2
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from heddle.configtx import values
from heddle.configtx.decode import (
    MAX_DEPTH,
    json_text,
    message_json,
)
from heddle.configtx.genesis import genesis_block
from heddle.errors import ConfigtxError
from tests.configtx.networks import bft_trade
from tests.programs import needs

CASES = sorted((Path(__file__).parents[1] / "cases" / "configtx" / "decode").glob("*.pb"))
MESSAGES: dict[str, type[Block | Config | ConfigUpdate | Envelope]] = {
    "Block": Block,
    "Config": Config,
    "ConfigUpdate": ConfigUpdate,
    "Envelope": Envelope,
}


def message_in(path: Path) -> Any:
    return MESSAGES[path.suffixes[0][1:]].FromString(path.read_bytes())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_it_is_the_text_that_configtxlator_prints(path: Path) -> None:
    """Byte for byte: genesis, configuration, lifecycle, private data, range queries, of Raft and of BFT."""
    assert json_text(message_json(message_in(path))) == path.with_suffix(".json").read_text()


def configtxlator(folder: Path, kind: str, data: bytes) -> str | None:
    source = folder / "message.pb"
    source.write_bytes(data)
    done = subprocess.run(
        ["configtxlator", "proto_decode", f"--type=common.{kind}", f"--input={source}"],
        capture_output=True,
        check=False,
    )
    return done.stdout.decode() if done.returncode == 0 else None


def spoiled(draw: st.DrawFn, data: bytes) -> bytes:
    """A real message with a few bytes changed, cut out or put in."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        data = data[:start] + draw(st.binary(max_size=4)) + data[start + draw(st.integers(0, 6)) :]
    return data


@st.composite
def spoiled_cases(draw: st.DrawFn) -> tuple[Path, bytes]:
    path = draw(st.sampled_from(CASES))
    return path, spoiled(draw, path.read_bytes())


@given(spoiled_cases() | st.tuples(st.sampled_from(CASES), st.binary(max_size=300)))
@settings(max_examples=200)
def test_any_bytes_are_a_message_or_an_error(case: tuple[Path, bytes]) -> None:
    """Whatever is sent, nothing but ConfigtxError comes of it."""
    path, data = case
    with suppress(DecodeError, ConfigtxError):
        assert json_text(message_json(MESSAGES[path.suffixes[0][1:]].FromString(data)))


@pytest.mark.real
@needs("configtxlator")
@given(case=spoiled_cases())
@settings(max_examples=150)
def test_spoiled_messages_are_the_same_text_or_both_an_error(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Path, bytes]
) -> None:
    """What configtxlator can still read we read in the same way, and what it refuses we refuse.

    But for fields that no version of Fabric has: Go keeps an entry of a map that holds one, Python does not.
    """
    path, data = case
    kind = path.suffixes[0][1:]
    ours, read = None, []

    def parse(message: Any, data: bytes, what: str) -> Any:
        read.append(original(message, data, what))
        return read[-1]

    original = values.parse
    with mock.patch.object(values, "parse", parse), suppress(DecodeError, ConfigtxError):
        read.append(MESSAGES[kind].FromString(data))
        ours = json_text(message_json(read[0]))
    assume(not any(map(has_unknown_fields, read)))
    assert ours == configtxlator(tmp_path_factory.getbasetemp(), kind, data)


def has_unknown_fields(message: Any) -> bool:
    if len(UnknownFieldSet(message)):
        return True
    for field, value in message.ListFields():
        if field.message_type is not None:
            below = [value]
            if field.message_type.GetOptions().map_entry:
                below = [value[key] for key in value]
            elif field.label == field.LABEL_REPEATED:
                below = list(value)
            if any(hasattr(one, "ListFields") and has_unknown_fields(one) for one in below):
                return True
    return False


@pytest.mark.real
@needs("configtxlator")
def test_our_own_messages_are_printed_so_too(tmp_path: Path) -> None:
    """A block of settings that nobody has recorded."""
    block = genesis_block(bft_trade(7))
    assert configtxlator(tmp_path, "Block", block.SerializeToString()) == json_text(message_json(block))


def envelope_of(kind: int, data: bytes, **header: Any) -> Envelope:
    payload = common_pb2.Payload(data=data)
    payload.header.channel_header = common_pb2.ChannelHeader(type=kind, **header).SerializeToString()
    return Envelope(payload=payload.SerializeToString())


def test_what_lies_too_deep_is_refused() -> None:
    """An envelope in an envelope in an envelope…: its sender pays, not its reader."""
    envelope = envelope_of(common_pb2.MESSAGE, b"")
    for _ in range(MAX_DEPTH):
        envelope = envelope_of(common_pb2.ORDERER_TRANSACTION, envelope.SerializeToString())
    with pytest.raises(ConfigtxError, match="more than 100 messages inside each other"):
        message_json(envelope)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Envelope(payload=b"\xff"), "common.Envelope.payload cannot be read"),
        (
            Envelope(payload=common_pb2.Payload(data=b"x").SerializeToString()),
            "cannot determine payload type when header is missing",
        ),
        (envelope_of(common_pb2.DELIVER_SEEK_INFO, b"x"), "payload of type 5 is unknown"),
        (
            envelope_of(common_pb2.CONFIG, b"", extension=b"x"),
            "common.ChannelHeader.extension of type 1 is unknown",
        ),
        (
            ConfigUpdate(isolated_data={"secret": b"x"}),
            "common.ConfigUpdate.isolated_data: unknown key 'secret'",
        ),
        (
            transaction_pb2.TransactionAction(header=b"\xff"),
            "protos.TransactionAction.header cannot be read",
        ),
    ],
)
def test_what_configtxlator_cannot_print_is_an_error(message: Any, words: str) -> None:
    """Which field, and why."""
    with pytest.raises(ConfigtxError) as caught:
        message_json(message)
    assert words in caught.value.message


def test_unknown_names_in_a_tree_are_an_error() -> None:
    """A value or group that no version of Fabric has had."""
    config = Config()
    config.channel_group.values["Surprise"].value = b"x"
    with pytest.raises(ConfigtxError, match="Channel value Surprise is unknown"):
        message_json(config)
    config.channel_group.values.clear()
    config.channel_group.groups["Orderer"].groups["a"].groups["b"].version = 1
    with pytest.raises(ConfigtxError, match="Orderer Org group has an unknown group 'b'"):
        message_json(config)
