"""Property values on the wire."""

import json

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from heddle.errors import PluginError
from heddle.plugin.codec import OUTPUT, SIGNATURE, UNKNOWN_SENTINEL, decode, encode
from heddle.plugin.values import (
    UNKNOWN,
    Archive,
    Asset,
    ResourceReference,
    Secret,
    Value,
    has_secret,
    has_unknown,
    plain,
    same,
    secret,
    strip_secrets,
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer()),
    st.text(),
    st.just(UNKNOWN),
    st.builds(Asset, text=st.text(), hash=st.text(max_size=4)),
    st.builds(ResourceReference, urn=st.text(min_size=1), id=st.one_of(st.none(), st.text(min_size=1))),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text().filter(lambda key: key != SIGNATURE), inner, max_size=4),
        inner.map(secret),
        st.builds(
            Archive, assets=st.dictionaries(st.text(min_size=1, max_size=3), inner, min_size=1, max_size=2)
        ),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=4).filter(lambda value: SIGNATURE not in value))
def test_what_is_sent_arrives(properties: dict[str, Value]) -> None:
    """Encoding and decoding gives the same values back, through bytes, ints as ints."""
    struct = Struct()
    struct.ParseFromString(encode(properties).SerializeToString())
    assert decode(struct) == properties


@given(VALUES)
def test_secrets_and_unknowns_are_found_and_never_shown(value: Value) -> None:
    """Stripping leaves no secret, what is shown is JSON, secrecy is no difference."""
    assert not has_secret(strip_secrets(value))
    json.dumps(plain(value))
    assert same(value, strip_secrets(value)) or has_unknown(value)


def test_output_values_become_what_they_hold() -> None:
    """Output values arrive as plain, secret or unknown values."""
    struct = Struct()
    struct.update(
        {
            "known": {SIGNATURE: OUTPUT, "value": 1},
            "secret": {SIGNATURE: OUTPUT, "value": "x", "secret": True, "dependencies": ["urn"]},
            "unknown": {SIGNATURE: OUTPUT},
        }
    )
    assert decode(struct) == {"known": 1, "secret": Secret("x"), "unknown": UNKNOWN}


def test_an_unknown_is_pulumis_sentinel() -> None:
    """The text that every SDK looks for."""
    assert encode({"c": UNKNOWN}).fields["c"].string_value == UNKNOWN_SENTINEL


def test_an_unknown_wrapper_is_refused() -> None:
    """A signature of a later protocol is an error, not a dictionary."""
    struct = Struct()
    struct.update({"a": {SIGNATURE: "later"}})
    with pytest.raises(PluginError, match="later"):
        decode(struct)


def test_true_is_not_one() -> None:
    """Python's equality of booleans and numbers is not Pulumi's."""
    assert not same(True, 1)
    assert not same({"a": [0]}, {"a": [False]})
    assert same(1, 1.0)
