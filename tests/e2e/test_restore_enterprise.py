"""A BFT network of two organizations is backed up under load, lost whole, and comes back as it was.

On the cluster of test_network.py, with CouchDB where the nodes are Fabric's own; it is gone at the end.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.databases import load_couchdb
from tests.e2e.kube import Kube
from tests.e2e.load import load
from tests.e2e.losses import Instance
from tests.e2e.project import Project, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(2400)]
NORTH, SOUTH = "peer0-north", "peer0-south"
RESTORE = ("backup", "restore", CLUSTER, "--yes", "--target", "kept", "--instance", "returned")
PAUSE = 60.0
"""Seconds without a commit that mean that something stood still, on a machine however busy."""


@pytest.fixture
def instance(project: Project, kube: Kube, tmp_path: Path) -> Iterator[Instance]:
    """Four orderers, two organizations of which one has prices that the other may not read."""
    release = fabric_release()
    stack = Project.copy(tmp_path / "it", stack=CLUSTER, base="dev" if release else "offline")
    values = {
        "name": "returned",
        "publicAddress": "none",
        "ordering": {"type": "bft", "nodes": 4, "bft": {"requestBatchMaxInterval": "200ms"}},
        "organizations": [{"name": name, "peers": 1} for name in ("north", "south")],
        "backup": {"target": "kept"},
        **({"stateDatabase": "CouchDB"} if release else {}),
    }
    for key, value in values.items():
        stack.edit(key, value=value)
    stack.edit("channels", 0, "organizations", value=["north", "south"])
    prices = {"name": "prices", "organizations": ["north"], "memberOnlyRead": True}
    stack.edit("chaincodes", 0, "collections", value=[prices])
    if release:
        load_couchdb(project)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    found = Instance(stack=stack, kube=kube, namespace="fabric-returned")
    yield found
    found.destroy()


def answers(instance: Instance) -> dict[str, str]:
    """Return what both organizations' peers answer: all assets, one's history, the price, a rich query."""
    asked = {
        "all": ("list", "--peer", NORTH),
        "history": ("history", "kept", "--peer", NORTH),
        "price": ("getPrice", "kept", "--peer", NORTH),
        "all, south": ("list", "--org", "south", "--peer", SOUTH),
        "history, south": ("history", "kept", "--org", "south", "--peer", SOUTH),
        "price, south": (
            "checkPrice",
            "kept",
            "--transient",
            "price=4711",
            "--org",
            "south",
            "--peer",
            SOUTH,
        ),
    }
    if fabric_release():
        asked["rich"] = ("query", '{"selector": {"owner": "ada"}}', "--peer", NORTH)
    return {name: instance.assets("query", *words) for name, words in asked.items()}


def test_a_network_of_two_organizations_comes_back(instance: Instance) -> None:
    """Equal heights, hashes, queries and prices; then `up` has nothing to do, and clients go on."""
    stack = instance.stack
    instance.assets("invoke", "put", "kept", "ada", "7")
    instance.assets("invoke", "putPrice", "kept", "--transient", "price=4711")
    with load(stack) as client:
        for _ in range(2):
            stack.ok("heddle", "backup", "create", CLUSTER)
    client.report.expect_all(pause=PAUSE)
    print(stack.ok("heddle", "backup", "create", CLUSTER))
    before, backup = answers(instance), instance.newest_backup()
    channel = backup["channels"]["channel"]
    assert "true" in before["price, south"]

    instance.lose_everything()
    began = time.monotonic()
    stack.ok("heddle", *RESTORE)
    print(f"restored {channel['height']} blocks in {time.monotonic() - began:.0f} s")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    print(f"up after {time.monotonic() - began:.0f} s")

    assert "ada" in instance.query_once_it_runs("get", "kept")
    print(f"a query after {time.monotonic() - began:.0f} s")
    assert instance.hash_of(channel["height"] - 1) == channel["lastHash"]
    assert answers(instance) == before
    assert set(instance.heights().values()) == {channel["height"]}
    stack.ok("heddle", "channel", "verify", CLUSTER)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    with load(stack) as client:
        assert "4711" in instance.assets("query", "getPrice", "kept")
        stack.ok("heddle", "backup", "create", CLUSTER)
    client.report.expect_all(pause=PAUSE)
