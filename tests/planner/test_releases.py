"""A capability is raised when every node of every member has it, and never lowered: all small cases."""

from dataclasses import replace
from itertools import product

import pytest

from heddle.configtx.settings import Capabilities, ChannelSettings, OrdererOrganization, PeerOrganization
from heddle.errors import ConfigtxError
from heddle.identity.msp import Msp
from heddle.planner.channel import planned_steps
from heddle.planner.facts import NoAnswer, NodeFacts
from heddle.planner.releases import (
    CapabilityWait,
    capability_wait,
    image_release_refusal,
    lowered,
    node_release_refusal,
    strongest_needs,
)
from heddle.planner.steps import Kind, steps
from heddle.releases import CAPABILITY_RELEASES, PARTS, Need, Release, read_release
from heddle.settings import BatchSettings

OLD = Capabilities(channel="V2_0", orderer="V2_0", application="V2_0")
NEW = Capabilities()
LEVELS = [
    Capabilities(channel=channel, orderer=orderer, application=application)
    for channel, orderer, application in product(
        ("V2_0", "V3_0"), ("V1_4_2", "V2_0"), ("V1_4_2", "V2_0", "V2_5")
    )
]
SILENT = NoAnswer(reason="orderer0: no answer", cause="it is away")
VERSIONS: list[str | NoAnswer] = ["v2.5.16", "v3.0.0", "3.1.5", "latest", SILENT]


def _msp(msp_id: str) -> Msp:
    return Msp(msp_id=msp_id, root_certificates=(b"root",), tls_root_certificates=(b"tls",))


def _channel(
    capabilities: Capabilities, *, timeout: str = "2s", members: tuple[str, ...] = ("PeerMSP",)
) -> ChannelSettings:
    return ChannelSettings(
        channel="channel",
        orderer_organizations=(
            OrdererOrganization(name="ordering", msp=_msp("OrdererMSP"), endpoints=("orderer0:7050",)),
        ),
        peer_organizations=tuple(PeerOrganization(name=each, msp=_msp(each)) for each in members),
        consenters=(),
        batch=BatchSettings(timeout=timeout),
        capabilities=capabilities,
    )


def _nodes(orderer: str | NoAnswer, peer: str | NoAnswer) -> list[NodeFacts]:
    return [
        NodeFacts(name="orderer0", kind="orderer", msp_id="OrdererMSP", version=orderer),
        NodeFacts(name="peer0", kind="peer", msp_id="PeerMSP", version=peer),
    ]


def _wait(
    target: Capabilities,
    nodes: list[NodeFacts],
    told: dict[str, str] | None = None,
    members: tuple[str, ...] = ("PeerMSP",),
) -> CapabilityWait:
    live = _channel(OLD, members=members)
    return capability_wait(live, target, nodes, told=told or {}, own={"OrdererMSP", "PeerMSP"})


@pytest.mark.parametrize(("live", "target"), list(product(LEVELS, LEVELS)))
def test_capabilities_are_raised_last_one_by_one_and_never_lowered(
    live: Capabilities, target: Capabilities
) -> None:
    """The orderers' first; each step raises one; whatever else is wanted is done before; none goes back."""
    before, after = _channel(live), _channel(target, timeout="1s")
    if any(lowered("channel", live, target)):
        with pytest.raises(ConfigtxError, match="never lowered"):
            planned_steps(before, after, before)
        return
    todo = planned_steps(before, after, before)
    assert [step.kind for step in todo] == [
        Kind.SETTINGS,
        *[Kind.CAPABILITY for part in vars(live) if getattr(live, part) != getattr(target, part)],
    ]
    parts, current = [], before
    for step in todo:
        changed = [
            part
            for part in vars(live)
            if getattr(step.settings.capabilities, part) != getattr(current.capabilities, part)
        ]
        assert len(changed) == (step.kind is Kind.CAPABILITY)
        parts += changed
        current = step.settings
    order = ["orderer", "channel", "application"]
    assert parts == [part for part in order if part in parts]
    assert current == after


@pytest.mark.parametrize(("live", "target"), list(product(LEVELS, LEVELS)))
def test_a_raise_that_was_cut_off_goes_on(live: Capabilities, target: Capabilities) -> None:
    """Each step is the first of the rest, and once all are done nothing is left."""
    before, after = _channel(live), _channel(target)
    todo = steps(before, after)
    for done, step in enumerate(todo, 1):
        assert steps(step.settings, after) == todo[done:]


@pytest.mark.parametrize("part", CAPABILITY_RELEASES)
def test_a_capability_that_nobody_here_knows_stays(part: str) -> None:
    """It is of a later Fabric, so any known one would be lower."""
    later = replace(NEW, **{part: "V9_9"})
    assert any(lowered("channel", later, NEW))
    assert not any(lowered("channel", later, later))


@pytest.mark.parametrize(("target", "orderer", "peer"), list(product(LEVELS, VERSIONS, VERSIONS)))
def test_every_node_that_reads_a_capability_must_have_it(
    target: Capabilities, orderer: str | NoAnswer, peer: str | NoAnswer
) -> None:
    """Silence, a release that names none, and one that is too old count alike: it waits."""
    raised = {
        part for part in PARTS["orderer"] + PARTS["peer"] if getattr(target, part) != getattr(OLD, part)
    }
    found = _wait(target, _nodes(orderer, peer))

    def lacks(kind: str, version: str | NoAnswer) -> bool:
        needs = [CAPABILITY_RELEASES[part][getattr(target, part)] for part in raised & set(PARTS[kind])]
        release = read_release(version) if isinstance(version, str) else None
        return bool(needs) and (release is None or any(map(release.is_below, needs)))

    lacking = {
        name
        for name, kind, version in (("orderer0", "orderer", orderer), ("peer0", "peer", peer))
        if lacks(kind, version)
    }
    assert set(found.nodes) == lacking
    assert not found.others
    assert (found.refusal is None) == (not lacking) == found.over


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "nobody here knows what its nodes run"),
        ({"OtherMSP": "2.5.16"}, "says that it runs 2.5.16"),
        ({"OtherMSP": "3.0.0"}, ""),
    ],
)
def test_members_elsewhere_say_what_they_run(told: dict[str, str], words: str) -> None:
    """Nobody here can ask their nodes: without their word nothing is raised that would end them."""
    found = _wait(NEW, _nodes("v3.1.5", "v3.1.5"), told, members=("PeerMSP", "OtherMSP"))
    assert words in found.others.get("OtherMSP", "")
    assert bool(found.others) == bool(words)
    assert (found.refusal is None) == (not words)
    if found.refusal is not None:
        assert "`external.release`" in found.refusal.hint
        assert "Nothing of it was sent." in found.refusal.hint


def test_an_orderers_capability_does_not_wait_for_peers() -> None:
    """Peers do not read it, and orderers not the application's."""
    orderer = replace(OLD, orderer="V2_0")
    live = _channel(replace(OLD, orderer="V1_4_2"), members=("PeerMSP", "OtherMSP"))
    own = {"OrdererMSP", "PeerMSP"}
    assert capability_wait(live, orderer, _nodes("v3.1.5", SILENT), told={}, own=own).over
    application = replace(OLD, application="V2_5")
    assert _wait(application, _nodes(SILENT, "v2.5.0")).over


def test_the_words_name_node_release_and_need() -> None:
    """A refusal says who keeps the channel back, and by what."""
    refusal = _wait(NEW, _nodes("v2.5.16", SILENT)).refusal
    assert refusal is not None
    assert refusal.reason.splitlines() == [
        "channel channel: channel capability V3_0 and application capability V2_5: every node of every "
        "member must have it first",
        "  orderer0: runs v2.5.16, channel capability V3_0 needs Fabric 3.0.0",
        "  peer0: does not tell its release: it is away",
    ]


@pytest.mark.parametrize("kind", PARTS)
def test_what_channels_have_in_force_bounds_images(kind: str) -> None:
    """The channel with the latest capability counts, by name; an image that tells nothing is not refused."""
    need = strongest_needs(kind, {"old": OLD, "new": NEW})
    assert need == Need(release=Release(3, 0, 0), reason="new has channel capability V3_0")
    assert "new has channel capability V3_0" in image_release_refusal(
        "n", "i:2.5.16", Release(2, 5, 16), need
    )
    assert not image_release_refusal("n", "i:3.1", Release(3, 1), need)
    assert not image_release_refusal("n", "i@sha256", None, need)
    assert not image_release_refusal("n", "i:2.5.16", Release(2, 5, 16), strongest_needs(kind, {"old": OLD}))
    assert strongest_needs(kind, {}) is None


def test_a_node_that_was_not_asked_is_not_known() -> None:
    """An empty release is no answer."""
    node = NodeFacts(name="peer0", kind="peer")
    assert (
        node_release_refusal(node, Need(release=Release(3, 0, 0), reason="x"))
        == "its release was not asked for"
    )
