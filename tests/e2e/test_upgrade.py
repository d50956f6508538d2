"""Another release of Fabric under a client's load: nodes first, capabilities last, and the way back.

On the cluster of test_network.py: with Fabric's own nodes from the earlier release of HEDDLE_OLDER_FABRIC to
the one on PATH, else with stand-ins that play them.
"""

import json
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.load import load
from tests.e2e.project import Project, fabric_release
from tests.e2e.releases import Images, Played, Releases
from tests.e2e.test_under_load import UNNOTICED, make, timed
from tests.real.release import older_release

__all__ = ["make"]

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(2400)]
BEFORE = {"channel": "V2_0", "orderer": "V2_0", "application": "V2_0"}
AFTER = {"channel": "V3_0", "orderer": "V2_0", "application": "V2_5"}
UP = ("heddle", "up", CLUSTER, "--yes")


@pytest.fixture
def releases(project: Project, tmp_path: Path) -> Releases:
    """Return the two releases, whose images are in the cluster."""
    if not fabric_release():
        return Played(base="offline", earlier="2.5.16", pause=inf)
    folder = older_release().folder
    version = folder.resolve().name.removeprefix("v")
    out = tmp_path / "images"
    project.ok("heddle", "image", "pack", "--from", str(folder), "--version", version, "--out", str(out))
    for archive in sorted(out.glob("*.tar")):
        project.ok("heddle", "cluster", "load", str(archive), "--name", CLUSTER)
    return Images(base="dev", earlier=version, pause=UNNOTICED)


def running(stack: Project) -> set[str]:
    """Return the versions that the nodes of a stack say they run."""
    status = json.loads(stack.run("heddle", "status", CLUSTER, "--json").output)
    return {node["version"] for node in status["nodes"]}


def capabilities(stack: Project) -> dict[str, Any]:
    """Return the capabilities that the channel has."""
    shown = stack.json("heddle", "channel", "show", CLUSTER, "channel", "--json")
    return dict(shown["settings"]["capabilities"])


def restarted(words: str) -> set[str]:
    """Return the nodes of which a run says that it restarted them."""
    lines = [line.split("restarted ", 1)[1] for line in words.splitlines() if " restarted " in f" {line}"]
    return {name for line in lines for name in line.split(", ")}


def test_an_upgrade_under_load_and_the_way_back(make: Callable[..., Project], releases: Releases) -> None:
    """One that fails half-way goes back with one edit; one that does not ends at the point of no return."""
    stack = make(
        "upgrades",
        base=releases.base,
        **releases.values(orderer=releases.earlier, peer=releases.earlier),
        capabilities={"channel": "V2_0", "application": "V2_0"},
        ordering={"type": "raft", "nodes": 3, "batch": {"timeout": "200ms"}},
        organizations=[{"name": name, "peers": 2} for name in ("north", "south")],
    )
    stack.edit("channels", 0, "organizations", value=["north", "south"])
    stack.edit("chaincodes", 0, "endorsement", value="all")
    stack.ok(*UP, "--skip-preview")
    assert running(stack) == {f"v{releases.earlier}"}
    assert capabilities(stack) == BEFORE

    fails_and_goes_back(stack, releases)
    upgrades(stack, releases)
    does_not_return(stack, releases)


def fails_and_goes_back(stack: Project, releases: Releases) -> None:
    """Upgrade to peers that do not start: one peer is lost meanwhile, no capability is raised."""
    stack.edit("capabilities", value={"channel": "V3_0", "application": "V2_5"})
    releases.edit(stack, orderer=releases.later, peer=releases.later)
    releases.break_peers(stack)
    with load(stack) as client:
        broken = stack.run(*UP, "--skip-preview")
        between = capabilities(stack)
        releases.edit(stack, orderer=releases.earlier, peer=releases.earlier)
        stack.edit("capabilities", value={"channel": "V2_0", "application": "V2_0"})
        back = timed(stack, *UP, "--skip-preview")
    print(f"peers that do not start, and back to {releases.earlier}: {client.report}")

    assert broken.code == 1
    assert "does not start" in broken.output, broken.output
    assert between == BEFORE
    assert len({name for name in restarted(back) if name.startswith("peer")}) == 1, back
    client.report.expect_all(pause=releases.pause)
    stack.ok(*UP, "--expect-no-changes")
    assert running(stack) == {f"v{releases.earlier}"}


def upgrades(stack: Project, releases: Releases) -> None:
    """Change both releases and the capabilities in one edit: orderers, peers, the channel, in this order."""
    releases.edit(stack, orderer=releases.later, peer=releases.later)
    stack.edit("capabilities", value={"channel": "V3_0", "application": "V2_5"})
    preview = stack.ok("heddle", "preview", CLUSTER)
    with load(stack) as client:
        words = timed(stack, *UP, "--skip-preview")
    print(f"{releases.earlier} → {releases.later}, capabilities raised: {client.report}")

    assert "every node has it" in preview or "it waits until every node has it" in preview, preview
    client.report.expect_all(pause=releases.pause)
    done = [line for line in words.splitlines() if " updated" in line]
    parts = ("orderers-rollout", "peers-rollout", "channel-channel-ledger")
    places = [max(index for index, line in enumerate(done) if part in line) for part in parts]
    assert places == sorted(places), words
    assert running(stack) == {f"v{releases.later}"}
    assert capabilities(stack) == AFTER
    stack.ok(*UP, "--expect-no-changes")


def does_not_return(stack: Project, releases: Releases) -> None:
    """Past a capability the earlier release costs no node, or the first one only, and one edit heals it."""
    stack.edit("capabilities", value={"channel": "V2_0", "application": "V2_0"})
    lower = stack.run(*UP)
    assert lower.code == 1
    assert "so it is never lowered" in lower.output
    stack.edit("capabilities", value={"channel": "V3_0", "application": "V2_5"})
    if releases.earlier_has(AFTER):
        return

    releases.edit(stack, orderer=releases.earlier, peer=releases.later)
    with load(stack) as client:
        older = stack.run(*UP, "--skip-preview")
        releases.edit(stack, orderer=releases.later, peer=releases.later)
        back = timed(stack, *UP, "--skip-preview")
    print(f"back to {releases.earlier} is refused: {client.report}")

    assert older.code == 1
    if isinstance(releases, Images):  # their tags tell where the file is read, so that nothing restarts
        assert "Fabric 3.0.0 or later: channel is to have channel capability V3_0" in older.output
        assert not restarted(back), back
    else:
        assert "does not start" in older.output, older.output
        assert "Must set some OrdererAddresses" in older.output
        assert len(restarted(back)) == 1, back
    client.report.expect_all(pause=releases.pause)
    stack.ok(*UP, "--expect-no-changes")
    assert running(stack) == {f"v{releases.later}"}
