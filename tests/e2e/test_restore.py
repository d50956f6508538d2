"""Everything is lost but the backup, and comes back: equal heights, hashes and queries, whatever is killed.

On the cluster of test_network.py; the instance is gone at the end.
"""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import block_hash
from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, fabric_release
from tests.failpoints import Failpoints, kill_again_and_again

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]
NAMESPACE = "fabric-restored"
DRILL = f"{NAMESPACE}-drill"
BOUND = 180.0
"""Seconds for new peers to take all blocks, on a machine however busy."""
RESTORE = ("backup", "restore", CLUSTER, "--yes")
NO_FILE = ("--target", "kept", "--instance", "restored")
"""Where there is no stack file that says it."""


@pytest.fixture
def stack(project: Project, kube: Kube, tmp_path: Path) -> Iterator[Project]:
    """Three orderers, two organizations, a folder for backups."""
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
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    yield stack
    if stack.run("heddle", "destroy", CLUSTER, "--yes").code:  # it failed while the state was lost
        kube.core.delete_namespace(NAMESPACE)


def assets(stack: Project, verb: str, *arguments: str) -> str:
    """Ask the sample chaincode, or submit to it."""
    return stack.ok("heddle", "chaincode", verb, CLUSTER, "--name", "assets", *arguments)


def query_once_it_runs(stack: Project, *arguments: str) -> str:
    """Ask the sample chaincode until its peers have caught up, and know that it is installed."""
    end, asked = time.monotonic() + BOUND, ("heddle", "chaincode", "query", CLUSTER, "--name", "assets")
    while (result := stack.run(*asked, *arguments)).code:
        assert time.monotonic() < end, result.output
    return result.output


def hash_of(stack: Project, number: int, path: Path) -> str:
    """Return the hash of a block of the living channel."""
    asked = ("heddle", "channel", "block", CLUSTER, "channel", "--block", str(number), "--out", str(path))
    stack.ok(*asked)
    return block_hash(Block.FromString(path.read_bytes()).header).hex()


def lose_everything(stack: Project, kube: Kube) -> None:
    """Delete the namespace with its volumes, the state, and the stack file."""
    kube.core.delete_namespace(NAMESPACE)
    kube.wait_until_gone(NAMESPACE)
    shutil.rmtree(stack.folder / "state")
    (stack.folder / "state").mkdir()
    stack.stack_file.unlink()


def test_a_drill_leaves_the_living_network_alone(stack: Project, kube: Kube, tmp_path: Path) -> None:
    """Equal heights, hashes and definitions beside it; nothing is left, also of one that was killed."""
    assets(stack, "invoke", "put", "kept", "ada", "7")
    stack.ok("heddle", "backup", "create", CLUSTER)
    before = kube.names_in(NAMESPACE)
    points = Failpoints(folder=stack.folder, environment=stack.environment, log=tmp_path / "writes")
    drill = ("backup", "drill", CLUSTER)
    killed = points.run(drill, kill_at=25)
    assert killed.was_killed, killed.output
    assert DRILL in kube.namespaces()

    began = time.monotonic()
    done = stack.ok("heddle", *drill)
    print(f"drill in {time.monotonic() - began:.0f} s\n{done}")

    [backup] = stack.json("heddle", "backup", "list", CLUSTER, "--json")
    assert backup["channels"]["channel"]["lastHash"] in done
    assert "removed what an earlier drill left" in done
    assert "assets 1.0 sequence 1" in done
    assert DRILL not in kube.namespaces()
    assert kube.names_in(NAMESPACE) == before
    assets(stack, "invoke", "put", "after", "ada", "9")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_everything_is_lost_and_comes_back(stack: Project, kube: Kube, tmp_path: Path) -> None:
    """From the folder of backups alone, killed at every write; the second run changes nothing."""
    assets(stack, "invoke", "put", "kept", "ada", "7")
    stack.ok("heddle", "backup", "create", CLUSTER)
    [backup] = stack.json("heddle", "backup", "list", CLUSTER, "--json")
    channel = backup["channels"]["channel"]
    wanted = stack.stack_file.read_text()
    stack.edit("ordering", "batch", value={"timeout": "300ms"})
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    assets(stack, "invoke", "put", "lost", "bob", "8")
    later = stack.stack_file.read_text()
    refused = stack.run("heddle", *RESTORE)
    assert refused.code != 0
    assert "has nodes of this instance" in refused.output

    lose_everything(stack, kube)
    began = time.monotonic()
    points = Failpoints(folder=stack.folder, environment=stack.environment, log=tmp_path / "writes")
    killed = kill_again_and_again(points, (*RESTORE, *NO_FILE))
    print(f"restored after {killed} kills in {time.monotonic() - began:.0f} s")
    assert killed
    assert stack.stack_file.read_text() == wanted
    assert "is restored already" in stack.ok("heddle", *RESTORE)
    # What was wanted after the backup is shown as a change, and made: nobody else changed it.
    stack.stack_file.write_text(later)
    assert "300ms" in stack.ok("heddle", "preview", CLUSTER)
    began = time.monotonic()
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    print(f"up in {time.monotonic() - began:.0f} s")

    answer = query_once_it_runs(stack, "get", "kept")
    print(f"a query after {time.monotonic() - began:.0f} s")
    assert "ada" in answer
    lost = stack.run("heddle", "chaincode", "query", CLUSTER, "--name", "assets", "get", "lost")
    assert lost.code, "what came after the backup is lost"
    assert hash_of(stack, channel["height"] - 1, tmp_path / "block") == channel["lastHash"]
    stack.ok("heddle", "channel", "verify", CLUSTER)  # every block, on every node
    shown = stack.json("heddle", "channel", "show", CLUSTER, "channel", "--json")
    assert "300ms" in json.dumps(shown["settings"]["batch"])
    assets(stack, "invoke", "put", "after", "ada", "9")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    assert "has nodes of this instance" in stack.run("heddle", *RESTORE).output
