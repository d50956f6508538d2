"""The whole way of a stand-in network on a local cluster; each test goes on from what the last one left."""

import re
import time
from collections.abc import Sequence

import pytest

from tests.e2e.kube import Kube
from tests.e2e.project import Project

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
KILLS = 10
CATCHING_UP = 60.0
"""Seconds in which a peer with an empty disk must have fetched a few blocks."""


def invoke(project: Project, *arguments: str) -> str:
    """Submit a transaction of the sample chaincode through the gateway API and wait for its commit."""
    return project.ok("heddle", "chaincode", "invoke", project.stack, "--name", "assets", *arguments)


def query(project: Project, *arguments: str) -> str:
    """Evaluate the sample chaincode through the gateway API."""
    return project.ok("heddle", "chaincode", "query", project.stack, "--name", "assets", *arguments)


def clusters_own(namespaces: Sequence[str]) -> bool:
    """Whether these are the namespaces that a cluster has by itself, and no others."""
    return "kube-system" in namespaces and all(re.match("default$|kube-", name) for name in namespaces)


def test_a_preview_touches_nothing(project: Project, kube: Kube) -> None:
    """Before anything exists, a preview tells of creations and leaves no namespace behind."""
    output = project.ok("heddle", "preview", project.stack)

    assert re.search(r"\+ \d+ to create", output)
    assert clusters_own(kube.namespaces())


def test_up_killed_at_ten_points_heals(project: Project) -> None:
    """However often the engine dies half-way, the next `up` goes on, and the last one ends well."""
    steps = [project.kill_after(("heddle", "up", project.stack, "--yes"), lines=8) for _ in range(KILLS)]

    assert steps[0] == 8, "the first run did not live long enough to be killed half-way"
    project.ok("heddle", "up", project.stack, "--yes")


def test_a_second_up_changes_nothing(project: Project) -> None:
    """What is there as declared stays untouched."""
    project.ok("heddle", "up", project.stack, "--yes", "--expect-no-changes")


def test_a_transaction_is_committed_and_read_back(project: Project) -> None:
    """The chaincode answers through the gateway: submit, wait for the commit, evaluate."""
    invoke(project, "put", "car-1", "alice", "20000")

    assert "alice" in query(project, "get", "car-1")


def test_a_block_beyond_the_end_is_said_to_be_none(project: Project) -> None:
    """The channel is known; the message names its last block."""
    result = project.run("heddle", "channel", "block", project.stack, "channel", "--block", "100000")

    assert result.code == 1
    assert re.search(r"channel: there is no block 100000: its last one is \d+\n", result.output)


def test_a_changed_batch_timeout_is_previewed_and_applied(project: Project) -> None:
    """The preview names old and new value; after `up` the ledger has the new one and nothing else differs."""
    project.edit("ordering", "batch", "timeout", value="1s")

    preview = project.ok("heddle", "preview", project.stack)
    project.ok("heddle", "up", project.stack, "--yes")

    assert "batch timeout: 2s → 1s" in " ".join(preview.split())
    assert re.search(
        r"batch\.timeout +1s +1s", project.ok("heddle", "channel", "show", project.stack, "channel")
    )
    assert '"timeout": "1s"' in project.ok("heddle", "channel", "block", project.stack, "channel")
    project.ok("heddle", "up", project.stack, "--yes", "--expect-no-changes")


def test_a_deleted_pod_comes_back(project: Project, kube: Kube) -> None:
    """A node that lost its pod has its ledger again and goes on."""
    namespace = project.json("heddle", "output", project.stack, "--json")["instance"]["namespace"]
    kube.replace_pod(namespace, "orderer1-orderer-0")

    invoke(project, "put", "car-2", "bob", "9000")

    assert "bob" in query(project, "get", "car-2")


def test_a_lost_volume_shows_in_the_first_refresh_and_the_next_up_heals_it(
    project: Project, kube: Kube
) -> None:
    """The silent peer's channel and chaincode go with its claim, so one refresh and one `up` are enough."""
    namespace = project.json("heddle", "output", project.stack, "--json")["instance"]["namespace"]
    kube.lose_volume(namespace, "peer0-organization-0")

    refreshed = " ".join(project.ok("heddle", "refresh", project.stack, "--yes").split())
    assert "peer0-organization has lost its volume" in refreshed
    project.ok("heddle", "up", project.stack, "--yes")

    # The peer fetches its blocks by itself, a moment later. Its organization's approval comes back later
    # still, from the other peer: Fabric reconciles once a minute.
    end = time.monotonic() + CATCHING_UP
    while project.run("heddle", "status", project.stack).code and time.monotonic() < end:
        pass  # each question takes a second or more
    project.ok("heddle", "status", project.stack)
    project.ok("heddle", "refresh", project.stack, "--yes", "--expect-no-changes")
    project.ok("heddle", "up", project.stack, "--yes", "--expect-no-changes")


def test_a_deleted_namespace_shows_in_one_refresh_and_the_next_up_begins_anew(
    project: Project, kube: Kube
) -> None:
    """`up` refuses to go on as if only nodes were away; after one refresh it makes all anew, ledgers too."""
    namespace = project.json("heddle", "output", project.stack, "--json")["instance"]["namespace"]
    kube.core.delete_namespace(namespace)
    kube.wait_until_gone(namespace)

    refused = project.run("heddle", "up", project.stack, "--yes")
    assert refused.code == 1
    assert f"namespace {namespace} is gone, with every volume in it" in " ".join(refused.output.split())

    refreshed = " ".join(project.ok("heddle", "refresh", project.stack, "--yes").split())
    assert f"(namespace {namespace} is gone)" in refreshed
    project.ok("heddle", "up", project.stack, "--yes")
    project.ok("heddle", "up", project.stack, "--yes", "--expect-no-changes")
    assert project.run("heddle", "chaincode", "query", project.stack, "--name", "assets", "get", "car-1").code
    invoke(project, "put", "car-1", "carol", "1")
    assert "carol" in query(project, "get", "car-1")


def test_destroy_leaves_nothing(project: Project, kube: Kube) -> None:
    """No namespace, no volume and no resource in the state is left."""
    project.ok("heddle", "destroy", project.stack, "--yes")

    assert kube.volumes() == []
    assert clusters_own(kube.namespaces())
    assert "to create" in project.ok("heddle", "preview", project.stack)
