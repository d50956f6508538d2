"""A backup and a restore are killed at their writes: what was there stays good, the next run finishes.

On the cluster of test_network.py, on stand-ins; the instance is gone at the end. HEDDLE_SEED chooses the
writes, HEDDLE_FAILPOINTS=20 how many; without it test_restore.py alone kills a backup and a restore.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.losses import Instance
from tests.e2e.project import Project, fabric_release
from tests.failpoints import Failpoints

SEED = int(os.environ.get("HEDDLE_SEED", "10"))
MANY = os.environ.get("HEDDLE_FAILPOINTS", "")
KILLS = 60 if MANY == "all" else int(MANY or 0)
whole = pytest.mark.skipif(not MANY, reason="HEDDLE_FAILPOINTS says how many kills: all, or a number")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600), whole]
CREATE = ("backup", "create", CLUSTER)
RESTORE = ("backup", "restore", CLUSTER, "--yes", "--target", "kept", "--instance", "killed")
LAST_OF_CREATE, LAST_OF_RESTORE = 3, 20
"""Writes that such a run takes: new blocks, private data and the manifest; a restore's with the Jobs."""


@pytest.fixture
def instance(project: Project, kube: Kube, tmp_path: Path) -> Iterator[Instance]:
    """One orderer, one peer, the sample chaincode with prices, and one good backup."""
    assert project.stack == CLUSTER
    stack = Project.copy(tmp_path / "it", stack=CLUSTER, base="dev" if fabric_release() else "offline")
    stack.edit_to_smallest("killed")
    stack.edit("backup", value={"target": "kept"})
    prices = {"name": "prices", "organizations": ["organization"]}
    stack.edit("chaincodes", 0, "collections", value=[prices])
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    found = Instance(stack=stack, kube=kube, namespace="fabric-killed")
    found.assets("invoke", "put", "kept", "ada", "7")
    found.assets("invoke", "putPrice", "kept", "--transient", "price=4711")
    stack.ok("heddle", *CREATE)
    yield found
    found.destroy()


def chance(name: str) -> random.Random:
    """Return the choice of writes, by HEDDLE_SEED, which is printed."""
    print(f"{name}: HEDDLE_SEED={SEED}")
    return random.Random(SEED)  # noqa: S311 - a choice, not a key


def failpoints(instance: Instance) -> Failpoints:
    """Return what kills commands on the stack."""
    stack = instance.stack
    return Failpoints(folder=stack.folder, environment=stack.environment, log=stack.folder / "writes")


def test_a_backup_that_is_killed_leaves_the_others_good(instance: Instance) -> None:
    """The newest that is listed is sound after each kill, and nothing is left once a run has finished."""
    stack, points, choice, killed = instance.stack, failpoints(instance), chance("create"), 0
    for turn in range(KILLS):
        instance.assets("invoke", "putPrice", f"more{turn}", "--transient", "price=1")
        run = points.run(CREATE, kill_at=choice.randint(1, LAST_OF_CREATE), after=bool(turn % 2))
        assert run.was_killed or run.code == 0, run.output
        killed += run.was_killed
        print(f"{'killed' if run.was_killed else 'ended'} at {run.writes[-1]}", flush=True)
        stack.ok("heddle", "backup", "verify", CLUSTER, "newest")
    stack.ok("heddle", *CREATE)
    stack.ok("heddle", "backup", "verify", CLUSTER, "newest")
    assert "nothing to remove" in stack.ok("heddle", "backup", "prune", CLUSTER, "--yes")
    print(f"{killed} kills")
    assert killed


def test_a_restore_that_is_killed_anywhere_is_finished_by_the_next(instance: Instance) -> None:
    """Each run begins where the last was killed; when one has finished, everything is lost once more."""
    stack, points, choice, killed, restored = instance.stack, failpoints(instance), chance("restore"), 0, 0
    instance.lose_everything()
    while killed < KILLS:
        turn = killed + restored
        run = points.run(RESTORE, kill_at=choice.randint(1, LAST_OF_RESTORE), after=bool(turn % 2))
        assert run.was_killed or run.code == 0, run.output
        print(f"{'killed' if run.was_killed else 'ended'} at {run.writes[-1]}", flush=True)
        killed += run.was_killed
        restored += not run.was_killed
        if not run.was_killed:
            instance.lose_everything()
    stack.ok("heddle", *RESTORE)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    assert "ada" in instance.query_once_it_runs("get", "kept")
    assert "4711" in instance.query_once_it_runs("getPrice", "kept")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    print(f"{killed} kills, {restored + 1} restores that finished")
