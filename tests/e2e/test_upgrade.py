"""Another release of Fabric under a client's load: nodes first, capabilities last, and the way back.

On the cluster of test_network.py, with the earlier release of HEDDLE_OLDER_FABRIC beside the one on PATH.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heddle.versions import FABRIC
from tests.e2e.conftest import CLUSTER
from tests.e2e.load import load
from tests.e2e.project import Project
from tests.e2e.test_under_load import UNNOTICED, make, timed
from tests.programs import needs
from tests.real.release import older_release

__all__ = ["make"]

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(2400), needs("orderer", "peer")]
MIRROR = "docker.io/hyperledger/fabric-{}:{}"
BEFORE = {"channel": "V2_0", "application": "V2_0"}


@pytest.fixture
def earlier(project: Project, tmp_path: Path) -> str:
    """Return the version of the earlier release, whose images are in the cluster."""
    folder = older_release().folder
    version = folder.resolve().name.removeprefix("v")
    out = tmp_path / "images"
    project.ok("heddle", "image", "pack", "--from", str(folder), "--version", version, "--out", str(out))
    for archive in sorted(out.glob("*.tar")):
        project.ok("heddle", "cluster", "load", str(archive), "--name", CLUSTER)
    return version


def _images(version: str) -> dict[str, str]:
    return {kind: MIRROR.format(kind, version) for kind in ("orderer", "peer")}


def _running(stack: Project) -> dict[str, str]:
    status = json.loads(stack.run("heddle", "status", CLUSTER, "--json").output)
    return {node["name"]: node["version"] for node in status["nodes"]}


def _capabilities(stack: Project) -> dict[str, Any]:
    shown = json.loads(stack.ok("heddle", "channel", "show", CLUSTER, "channel", "--json"))
    return dict(shown["settings"]["capabilities"])


def test_an_upgrade_under_load_and_the_way_back(make: Callable[..., Project], earlier: str) -> None:
    """Both images and the capabilities in one edit; then an image that does not start, and back."""
    stack = make(
        "upgrades",
        images=_images(earlier),
        capabilities=BEFORE,
        ordering={"type": "raft", "nodes": 3, "batch": {"timeout": "200ms"}},
        organizations=[{"name": name, "peers": 2} for name in ("north", "south")],
    )
    stack.edit("channels", 0, "organizations", value=["north", "south"])
    stack.edit("chaincodes", 0, "endorsement", value="all")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    assert set(_running(stack).values()) == {f"v{earlier}"}
    assert _capabilities(stack) == {"channel": "V2_0", "orderer": "V2_0", "application": "V2_0"}

    stack.edit("images", value=_images(FABRIC))
    stack.edit("capabilities", value={"channel": "V3_0", "application": "V2_5"})
    preview = stack.ok("heddle", "preview", CLUSTER)
    assert "it waits until every node has it" in preview or "every node has it" in preview
    with load(stack) as client:
        words = timed(stack, "heddle", "up", CLUSTER, "--yes", "--skip-preview")
    print(f"{earlier} → {FABRIC}, capabilities raised: {client.report}")
    client.report.expect_all(pause=UNNOTICED)
    done = [line for line in words.splitlines() if " updated" in line]
    places = {
        part: max(index for index, line in enumerate(done) if part in line)
        for part in ("orderers-rollout", "peers-rollout", "channel-channel-ledger")
    }
    assert list(places) == sorted(places, key=lambda part: places[part]), words
    assert set(_running(stack).values()) == {f"v{FABRIC}"}
    assert _capabilities(stack) == {"channel": "V3_0", "orderer": "V2_0", "application": "V2_5"}
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")

    stack.edit("capabilities", value=BEFORE)
    lower = stack.run("heddle", "up", CLUSTER, "--yes")
    assert lower.code
    assert "so it is never lowered" in lower.output
    stack.edit("capabilities", value={})

    stack.edit("images", "orderer", value=MIRROR.format("peer", FABRIC))  # no orderer is in it
    with load(stack) as client:
        broken = stack.run("heddle", "up", CLUSTER, "--yes", "--skip-preview")
        assert broken.code
        stack.edit("images", "orderer", value=MIRROR.format("orderer", FABRIC))
        back = timed(stack, "heddle", "up", CLUSTER, "--yes", "--skip-preview")
    print(f"an image that does not start, and back: {client.report}")
    client.report.expect_all(pause=UNNOTICED)
    assert "does not start" in broken.output
    restarted = [line for line in back.splitlines() if "restarted " in line]
    assert restarted, back
    assert not any(f"orderer{number}-orderer" in line for line in restarted for number in (1, 2)), back
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    assert set(_running(stack).values()) == {f"v{FABRIC}"}
