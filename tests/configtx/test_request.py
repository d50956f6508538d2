"""Requests for signatures on their way between administrators."""

import base64
import json
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.genesis import channel_group
from heddle.configtx.request import (
    MAX_BYTES,
    MAX_SIGNATURES,
    Request,
    merge_requests,
    new_request,
    request_envelope,
    request_from_bytes,
    request_to_bytes,
    sign_request,
    with_envelope,
)
from heddle.configtx.review import review, signers_of, still_missing
from heddle.configtx.settings import ChannelSettings
from heddle.configtx.validate import apply_update
from heddle.errors import ConfigtxError
from heddle.settings import BatchSettings
from tests.configtx.networks import organization, peer_organization, trade
from tests.programs import needs, program
from tests.real.mspfolder import msp_folder

ADMINS = {name: organization(name).signer("admin") for name in ("alpha", "beta", "orderer")}
LIVE = configtx_pb2.Config(sequence=4, channel_group=channel_group(trade()))


def request_for(wanted: ChannelSettings, *summary: str) -> Request:
    update = compute_update("trade", LIVE, apply_settings(LIVE, wanted, None))
    return new_request(update.SerializeToString(), LIVE, summary=summary)


GROWN = replace(trade(), peer_organizations=(*trade().peer_organizations, peer_organization("gamma")))
REQUEST = request_for(GROWN, "peer organization gamma: added")
SIGNED = sign_request(sign_request(REQUEST, ADMINS["alpha"]), ADMINS["beta"])


def test_a_request_is_read_as_it_was_written() -> None:
    """A text for people too: channel, sequence and summary can be read as they are."""
    data = request_to_bytes(SIGNED)
    assert request_from_bytes(data) == SIGNED
    assert request_to_bytes(request_from_bytes(data)) == data
    content = json.loads(data)
    assert (content["channel"], content["sequence"]) == ("trade", 4)
    assert content["summary"] == ["peer organization gamma: added"]
    assert data.isascii()


def test_who_is_missing_is_told_until_nobody_is() -> None:
    """Only valid signatures of members count, each signer once; then orderers take the envelope."""
    assert (
        str(still_missing(REQUEST, LIVE)["/Channel/Application/Admins"])
        == "2 of (AlphaMSP.admin, BetaMSP.admin)"
    )
    one = sign_request(REQUEST, ADMINS["alpha"])
    assert sign_request(one, ADMINS["alpha"]) == one
    assert str(still_missing(one, LIVE)["/Channel/Application/Admins"]) == "BetaMSP.admin"
    stranger = sign_request(one, organization("gamma").signer("admin"))
    assert str(still_missing(stranger, LIVE)["/Channel/Application/Admins"]) == "BetaMSP.admin"
    assert still_missing(SIGNED, LIVE) == {}
    assert [one.msp_id for one in signers_of(SIGNED, LIVE)] == ["AlphaMSP", "BetaMSP"]
    assert apply_update(LIVE, request_envelope(SIGNED, ADMINS["alpha"])).sequence == 5


def test_a_signature_for_another_update_does_not_count() -> None:
    """It is bound to the very bytes."""
    other = request_for(replace(trade(), peer_organizations=(peer_organization("alpha"),)))
    forged = replace(SIGNED, update=other.update)
    assert signers_of(forged, LIVE) == []


def test_copies_signed_apart_are_merged() -> None:
    """In any order, as often as one likes; each signer's signature stands once."""
    ours, theirs = sign_request(REQUEST, ADMINS["alpha"]), sign_request(REQUEST, ADMINS["beta"])
    merged = merge_requests(ours, theirs)
    assert merged.signatures == (*ours.signatures, *theirs.signatures)
    assert merge_requests(merged, theirs, ours, merged) == merged
    again = sign_request(REQUEST, ADMINS["alpha"])
    assert merge_requests(ours, again) == ours
    with pytest.raises(ConfigtxError, match="two different requests"):
        merge_requests(ours, request_for(replace(trade(), batch=BatchSettings(timeout="9s"))))


def test_a_review_says_what_the_update_does_whatever_its_sender_says() -> None:
    """Settings in words, and every element with the policy that must consent."""
    lying = replace(REQUEST, summary=("nothing of importance",))
    found = review(lying, LIVE)
    assert found.lines == ("peer organization gamma: added",)
    assert found.elements["/Channel/Application/Admins"] == ["[Group]  /Channel/Application"]
    assert "[Value]  /Channel/Application/gamma/MSP" in found.elements["new"]


def test_a_review_finds_what_is_no_setting() -> None:
    """A policy has no setting, but its change is named."""
    edited = configtx_pb2.Config.FromString(LIVE.SerializeToString())
    edited.channel_group.policies["Writers"].mod_policy = "/Channel/Application/Writers"
    update = compute_update("trade", LIVE, edited).SerializeToString()
    found = review(new_request(update, LIVE), LIVE)
    assert found.lines == ()
    assert found.elements == {"/Channel/Admins": ["[Policy] /Channel/Writers"]}


def test_a_review_names_what_goes() -> None:
    """Of a removal an update only writes the group around it; the reader must not have to guess."""
    edited = configtx_pb2.Config.FromString(LIVE.SerializeToString())
    del edited.channel_group.groups["Application"].policies["Endorsement"]
    update = compute_update("trade", LIVE, edited).SerializeToString()
    found = review(new_request(update, LIVE), LIVE)
    assert found.elements["gone"] == ["[Policy] /Channel/Application/Endorsement"]


def test_a_false_signature_keeps_no_true_one_out() -> None:
    """Whoever hands a file on could put somebody's name on nothing, and so have the real consent left out."""
    true = sign_request(REQUEST, ADMINS["beta"])
    signature = configtx_pb2.ConfigSignature.FromString(true.signatures[0])
    signature.signature = b"no signature"
    forged = replace(REQUEST, signatures=(signature.SerializeToString(),))
    assert sign_request(forged, ADMINS["beta"]).signatures != forged.signatures
    assert [one.msp_id for one in signers_of(sign_request(forged, ADMINS["beta"]), LIVE)] == ["BetaMSP"]
    assert merge_requests(forged, true).signatures == true.signatures
    assert merge_requests(true, forged).signatures == true.signatures


def test_a_request_that_was_overtaken_says_so() -> None:
    """With both sequences and the way out; one that still fits is fine."""
    later = configtx_pb2.Config.FromString(LIVE.SerializeToString())
    later.sequence = 5
    assert still_missing(SIGNED, later) == {}
    later.channel_group.groups["Application"].version = 1
    for ask in (still_missing, review):
        with pytest.raises(ConfigtxError, match="made for configuration 4, now it is 5") as caught:
            ask(SIGNED, later)
        assert "anew" in caught.value.hint


def changed(**fields: object) -> bytes:
    content = json.loads(request_to_bytes(SIGNED)) | fields
    return json.dumps({key: value for key, value in content.items() if value is not None}).encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "at the top: an object expected, a list found"),
        (changed(format="other"), "expected format"),
        (changed(more=1), "unknown field 'more'"),
        (changed(channel=None), "channel is missing"),
        (changed(channel="Trade"), "illegal characters"),
        (changed(channel="other"), "it is for channel 'trade', the request for 'other'"),
        (changed(sequence=True), "sequence: a whole number expected"),
        (changed(sequence=-1), "sequence: a number from 0"),
        (changed(sequence=1.5), "sequence: a whole number expected"),
        (changed(update="no base64!"), "update: base64 expected"),
        (changed(update="é"), "update: base64 expected"),
        (changed(update=b64(b"\x0a\xff")), "the request's update cannot be read"),
        (changed(signatures="x"), "signatures: a list expected"),
        (changed(signatures=[1]), "signatures[0]: text expected"),
        (changed(signatures=[b64(b"\xff")]), "a signature of the request cannot be read"),
        (changed(signatures=[b64(b"\x0a" + b"\xff" * 9)]), "cannot be read"),
        (changed(signatures=[b64(b"x" * 70_000)]), "expected at most 65536"),
        (changed(signatures=[""] * (MAX_SIGNATURES + 1)), "expected at most 256"),
        (changed(summary=[1]), "summary[0]: text expected"),
        (changed(summary=["a\x1b[2Jb"]), "printable characters"),
        (changed(summary=["x" * 1001]), "printable characters"),
        (changed(summary=["x"] * 2001), "expected at most 2000"),
        (b"{" + b" " * MAX_BYTES + b"}", "expected at most 8388608"),
    ],
)
def test_what_is_no_request_is_refused(data: bytes, words: str) -> None:
    """Each with what is wrong and what is expected, never with the content."""
    with pytest.raises(ConfigtxError) as caught:
        request_from_bytes(data)
    assert words in caught.value.message
    assert len(str(caught.value)) < 600


@given(st.data())
@settings(max_examples=150)
def test_any_text_is_a_request_or_an_error(data: st.DataObject) -> None:
    """Random fields, random bytes in them, and real requests with a piece cut out or turned over."""
    original = request_to_bytes(SIGNED)
    noise = (
        st.none()
        | st.integers()
        | st.text(max_size=9)
        | st.binary(max_size=60).map(b64)
        | st.lists(st.text())
    )
    fields = st.dictionaries(
        st.sampled_from(["channel", "sequence", "update", "signatures", "summary"]), noise
    )
    start = data.draw(st.integers(0, len(original)))
    spoiled = (
        original[:start] + data.draw(st.binary(max_size=3)) + original[start + data.draw(st.integers(0, 9)) :]
    )
    text = data.draw(st.binary(max_size=99) | fields.map(lambda more: changed(**more)) | st.just(spoiled))
    with suppress(ConfigtxError):
        request = request_from_bytes(text)
        still_missing(request, LIVE)
        review(request, LIVE)


def test_the_request_that_chance_spoils_is_accepted() -> None:
    """As it is, every reader of the test above takes it."""
    request = request_from_bytes(request_to_bytes(SIGNED))
    assert request == SIGNED
    assert still_missing(request, LIVE) == still_missing(SIGNED, LIVE)
    assert review(request, LIVE).elements


def test_the_summary_of_a_new_request_is_made_fit() -> None:
    """Long or strange lines never stop a request from being written."""
    made = new_request(REQUEST.update, LIVE, summary=["x" * 5000, "tab\there"])
    assert request_from_bytes(request_to_bytes(made)).summary == (
        "x" * 1000,
        "tab\N{REPLACEMENT CHARACTER}here",
    )


@pytest.mark.real
@needs("peer")
def test_the_official_peer_signs_it_too(tmp_path: Path) -> None:
    """`peer channel signconfigtx` takes the envelope, and its signature comes back into the request."""
    admin = ADMINS["beta"]
    folder = msp_folder(
        organization("beta").msp, certificate=admin.certificate, private_key=admin.private_key
    )
    for name, content in folder.items():
        path = tmp_path / "msp" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    shutil.copy(Path(program("peer")).parent.parent / "config" / "core.yaml", tmp_path)
    one = sign_request(REQUEST, ADMINS["alpha"])
    target = tmp_path / "update.pb"
    target.write_bytes(request_envelope(one, ADMINS["alpha"]).SerializeToString())
    done = subprocess.run(
        [program("peer"), "channel", "signconfigtx", "-f", str(target)],
        env={
            "FABRIC_CFG_PATH": str(tmp_path),
            "CORE_PEER_MSPCONFIGPATH": str(tmp_path / "msp"),
            "CORE_PEER_LOCALMSPID": "BetaMSP",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    signed = with_envelope(one, common_pb2.Envelope.FromString(target.read_bytes()))
    assert still_missing(signed, LIVE) == {}
    assert len(signed.signatures) == 2
