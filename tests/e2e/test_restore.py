"""Everything is lost but the backup, and comes back: equal heights, hashes and queries, whatever is killed.

On the cluster of test_network.py; the instance is gone at the end.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.losses import Instance
from tests.e2e.project import Project, fabric_release
from tests.failpoints import Failpoints, kill_again_and_again

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]
NAMESPACE = "fabric-restored"
DRILL = f"{NAMESPACE}-drill"
RESTORE = ("backup", "restore", CLUSTER, "--yes")
NO_FILE = ("--target", "kept", "--instance", "restored")
"""Where there is no stack file that says it."""


@pytest.fixture
def instance(project: Project, kube: Kube, tmp_path: Path) -> Iterator[Instance]:
    """Three orderers, two organizations that share prices, a folder for backups."""
    assert project.stack == CLUSTER
    stack = Project.copy(tmp_path / "it", stack=CLUSTER, base="dev" if fabric_release() else "offline")
    values = {
        "name": "restored",
        "publicAddress": "none",
        "ordering": {"type": "raft", "nodes": 3, "batch": {"timeout": "200ms"}},
        "organizations": [{"name": name, "peers": 1} for name in ("north", "south")],
        "backup": {"target": "kept"},
    }
    for key, value in values.items():
        stack.edit(key, value=value)
    stack.edit("channels", 0, "organizations", value=["north", "south"])
    stack.edit("chaincodes", 0, "endorsement", value="all")
    prices = {"name": "prices", "organizations": ["north", "south"]}
    stack.edit("chaincodes", 0, "collections", value=[prices])
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    found = Instance(stack=stack, kube=kube, namespace=NAMESPACE)
    yield found
    found.destroy()


def test_a_drill_leaves_the_living_network_alone(instance: Instance, kube: Kube, tmp_path: Path) -> None:
    """Equal heights, hashes and definitions beside it; nothing is left, also of one that was killed."""
    stack = instance.stack
    instance.assets("invoke", "put", "kept", "ada", "7")
    points = Failpoints(folder=stack.folder, environment=stack.environment, log=tmp_path / "writes")
    assert points.run(("backup", "create", CLUSTER), kill_at=3).was_killed
    stack.ok("heddle", "backup", "create", CLUSTER)
    before = kube.names_in(NAMESPACE)
    drill = ("backup", "drill", CLUSTER, "--query", "assets get kept")
    killed = points.run(drill, kill_at=25)
    assert killed.was_killed, killed.output
    assert DRILL in kube.namespaces()

    began = time.monotonic()
    done = stack.ok("heddle", *drill)
    print(f"drill in {time.monotonic() - began:.0f} s\n{done}")

    assert instance.newest_backup()["channels"]["channel"]["lastHash"] in done
    assert "removed what an earlier drill left" in done
    assert "assets 1.0 sequence 1" in done
    assert '"owner":"ada"' in done
    assert "answered by peer0-north, peer0-south; the network that lives answers the same" in done
    assert DRILL not in kube.namespaces()
    assert kube.names_in(NAMESPACE) == before
    instance.assets("invoke", "put", "after", "ada", "9")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_everything_is_lost_and_comes_back(instance: Instance, tmp_path: Path) -> None:
    """From the folder of backups alone, killed at every write; the second run changes nothing."""
    stack = instance.stack
    instance.assets("invoke", "put", "kept", "ada", "7")
    instance.assets("invoke", "putPrice", "kept", "--transient", "price=4711")
    stack.ok("heddle", "backup", "create", CLUSTER)
    channel = instance.newest_backup()["channels"]["channel"]
    wanted = stack.stack_file.read_text()
    stack.edit("ordering", "batch", value={"timeout": "300ms"})
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    instance.assets("invoke", "put", "lost", "bob", "8")
    later = stack.stack_file.read_text()
    expect_refusal(stack)

    instance.lose_everything()
    restore_with_kills(stack, tmp_path)
    assert stack.stack_file.read_text() == wanted
    # What was wanted after the backup is shown as a change, and made: nobody else changed it.
    stack.stack_file.write_text(later)
    assert "300ms" in stack.ok("heddle", "preview", CLUSTER)
    began = time.monotonic()
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    print(f"up in {time.monotonic() - began:.0f} s")

    answer = instance.query_once_it_runs("get", "kept")
    print(f"a query after {time.monotonic() - began:.0f} s")
    assert "ada" in answer
    for organization in ("north", "south"):
        assert "4711" in instance.query_once_it_runs("getPrice", "kept", "--org", organization)
    lost = stack.run("heddle", "chaincode", "query", CLUSTER, "--name", "assets", "get", "lost")
    assert lost.code, "what came after the backup is lost"
    assert instance.hash_of(channel["height"] - 1) == channel["lastHash"]
    stack.ok("heddle", "channel", "verify", CLUSTER)  # every block, on every node
    assert "300ms" in instance.settings()
    instance.assets("invoke", "put", "after", "ada", "9")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    expect_refusal(stack)


def expect_refusal(stack: Project) -> None:
    """See that nothing is restored beside nodes that live."""
    refused = stack.run("heddle", *RESTORE)
    assert refused.code != 0
    assert "has nodes of this instance" in refused.output


def restore_with_kills(stack: Project, folder: Path) -> None:
    """Restore where neither state nor stack file is left, killed at each write in turn."""
    began = time.monotonic()
    points = Failpoints(folder=stack.folder, environment=stack.environment, log=folder / "writes")
    killed = kill_again_and_again(points, (*RESTORE, *NO_FILE))
    print(f"restored after {killed} kills in {time.monotonic() - began:.0f} s")
    assert killed
    assert "is restored already" in stack.ok("heddle", *RESTORE)
