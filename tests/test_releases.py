"""What a release is, and what it must not be."""

from itertools import pairwise, product

import pytest

from heddle.releases import (
    CAPABILITY_RELEASES,
    OLDEST,
    PARTS,
    Release,
    image_release,
    read_release,
    release_refusal,
    strongest_need,
)
from heddle.schema.channel import CAPABILITIES
from heddle.schema.model import Text
from heddle.spec.capabilities import Capabilities, ChannelCapabilities
from heddle.versions import COUCHDB_IMAGE, FABRIC, ORDERER_IMAGE, PEER_IMAGE

DIGEST = f"@sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("kind", "image", "found"),
    [
        ("peer", PEER_IMAGE, FABRIC),
        ("orderer", ORDERER_IMAGE, FABRIC),
        ("orderer", f"fabric-orderer:v3.1.4{DIGEST}", "3.1.4"),
        ("peer", "mirror.example.com:5000/a/fabric-peer:2.5", "2.5"),
        ("peer", "mirror.example.com:5000/a/fabric-peer:3.1.5-amd64", "3.1.5"),
        ("couchdb", "docker.io/library/couchdb:3.4.2", "3.4.2"),
        ("peer", "mirror.example.com:5000/fabric-peer", None),
        ("peer", f"fabric-peer{DIGEST}", None),
        ("peer", "fabric-peer:latest", None),
        ("peer", "registry.example.com/acme/peer:1.0.3", None),
        ("peer", "hyperledger/fabric-orderer:3.1.5", None),
    ],
)
def test_a_tag_tells_the_release_of_an_image_that_is_called_as_upstreams(
    kind: str, image: str, found: str | None
) -> None:
    """Others number their images as they like; a digest alone tells nothing."""
    release = image_release(kind, image)
    assert (None if release is None else str(release)) == found


@pytest.mark.parametrize("text", ["latest", "3", "v3", "3.1.5.6", "three.one", "", "3.1.5 beta"])
def test_what_names_no_release_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert read_release(text) is None


def test_below_is_only_what_certainly_is() -> None:
    """3.1 may be any release of its line; of two that are known one is below, or both are the same."""
    releases = [Release(*each) for each in product((2, 3), (0, 1, 5), (0, 1, 5))]
    for one, other in product(releases, releases):
        assert one.is_below(other) + other.is_below(one) == (one != other)
        line = Release(one.major, one.minor)
        assert line.is_below(other) == ((one.major, one.minor) < (other.major, other.minor))
        if line.is_below(other):
            assert one.is_below(other)


@pytest.mark.parametrize(
    ("kind", "release", "words"),
    [
        ("peer", "2.4.9", "2.5.0 or later"),
        ("orderer", "3.1.2", "its orderer image is broken"),
        ("peer", "3.1.2", "not 3.1.2"),
        ("couchdb", "2.3.1", "CouchDB 3 or later"),
        *[
            ("peer", each, "")
            for each in ("2.5", "2.5.0", "2.5.16", "3.0.0", "3.1.3", "3.1", FABRIC, "4.0.0")
        ],
        ("couchdb", "3.4.2", ""),
    ],
)
def test_releases_that_must_not_run(kind: str, release: str, words: str) -> None:
    """Broken ones, and those too old for what Heddle asks of nodes."""
    found = read_release(release)
    assert found is not None
    refusal = release_refusal(kind, found)
    assert words in refusal
    assert bool(words) == bool(refusal)


def test_pinned_images_have_every_capability() -> None:
    """Without any setting a stack is one that runs."""
    for kind, image in (("orderer", ORDERER_IMAGE), ("peer", PEER_IMAGE)):
        release = image_release(kind, image)
        assert release is not None
        assert not release_refusal(kind, release)
        highest = {part: [*CAPABILITY_RELEASES[part]][-1] for part in CAPABILITY_RELEASES}
        need = strongest_need(kind, highest)
        assert need is not None
        assert not release.is_below(need.release)
    release = image_release("couchdb", COUCHDB_IMAGE)
    assert release is not None
    assert not release_refusal("couchdb", release)


def test_a_node_needs_the_latest_release_of_its_parts() -> None:
    """Whatever the channel has; capabilities that nobody here knows need nothing that could be said."""
    levels = [[*CAPABILITY_RELEASES[part], "V9_9", ""] for part in CAPABILITY_RELEASES]
    for kind, names in product(PARTS, product(*levels)):
        capabilities = dict(zip(CAPABILITY_RELEASES, names, strict=True))
        known = [
            release
            for part in PARTS[kind]
            if (release := CAPABILITY_RELEASES[part].get(capabilities[part])) is not None
        ]
        need = strongest_need(kind, capabilities)
        assert (need is None) == (not known)
        if need is not None:
            assert need.release in known
            assert not any(need.release.is_below(each) for each in known)


def test_capabilities_ascend() -> None:
    """Later names need releases that are not earlier: `never lowered` counts by this order."""
    for releases in map(list, (each.values() for each in CAPABILITY_RELEASES.values())):
        assert not any(after.is_below(before) for before, after in pairwise(releases))


def test_one_list_of_capabilities() -> None:
    """A stack file and a Channel take the same, all of which are known, the highest by default."""
    for part, declared in CAPABILITIES.properties.items():
        kind = declared.kind
        assert isinstance(kind, Text)
        known = [*CAPABILITY_RELEASES[part]]
        assert [each for each in known if each in kind.choices] == list(kind.choices)
        assert declared.default == kind.choices[-1] == known[-1]
        schema = Capabilities.model_json_schema()["properties"][part]
        assert tuple(schema.get("enum") or [schema["const"]]) == kind.choices
        assert schema["default"] == declared.default
        own = ChannelCapabilities.model_json_schema()["properties"][part]["anyOf"][0]
        assert tuple(own.get("enum") or [own["const"]]) == kind.choices
    assert Release(2, 5, 0) == OLDEST
