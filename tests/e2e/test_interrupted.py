"""An `up` that is killed between two writes: the next one finishes it, and the one after it changes nothing.

A client submits transactions all the while; none is lost. On the cluster of test_network.py, on stand-ins.
A few writes are chosen by HEDDLE_SEED. HEDDLE_FAILPOINTS=all kills after every write of every operation
instead, each run where the last one was killed, HEDDLE_FAILPOINTS=20 at so many of each, one run to its end
after each, HEDDLE_FAILPOINTS=11-20 at the 11th to the 20th, and `-k renewal` takes one operation alone.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.interruptions import LENGTHY, OPERATIONS, UP, killed_and_finished, operations
from tests.e2e.load import load
from tests.e2e.project import Project, fabric_release
from tests.failpoints import Failpoints, kill_again_and_again, kill_at_each_new_write

pytestmark = [pytest.mark.cluster]
SEED = int(os.environ.get("HEDDLE_SEED", "10"))
MANY = os.environ.get("HEDDLE_FAILPOINTS", "")
FEW = 4
"""Kills in a run of CI, each of another operation."""
whole = pytest.mark.skipif(
    not MANY, reason="HEDDLE_FAILPOINTS says how many writes of each: all, or a number"
)


@pytest.fixture
def stack(project: Project, tmp_path: Path) -> Iterator[Project]:
    """A network that is gone at the end."""
    assert project.stack == CLUSTER
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(tmp_path / "killed", stack=CLUSTER, base=base)
    stack.edit("name", value="killed")
    stack.edit("publicAddress", value="none")
    stack.edit("ordering", "batch", "timeout", value="200ms")
    stack.edit("chaincodes", 0, "endorsement", value="any")
    yield stack
    stack.run("heddle", *UP, CLUSTER)
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


def failpoints(stack: Project) -> Failpoints:
    """Return what runs and kills commands on a stack."""
    return Failpoints(folder=stack.folder, environment=stack.environment, log=stack.folder / "writes")


@pytest.mark.timeout(1200)
def test_an_operation_that_is_killed_at_a_write_is_finished_by_the_next_run(stack: Project) -> None:
    """Growth, removal, renewal, another release, chaincode, capability: some of them, each at one write."""
    choice = random.Random(SEED)  # noqa: S311 - a choice, not a key
    print(f"HEDDLE_SEED={SEED}")
    stack.ok("heddle", *UP, CLUSTER)
    points, found = failpoints(stack), operations(stack)
    told = []
    with load(stack) as client:
        for name in choice.sample(sorted(found.keys() - set(LENGTHY)), FEW):
            number = choice.randint(1, found[name].writes)
            told.append(f"{name}: {killed_and_finished(points, found[name], CLUSTER, number)}")
            print(told[-1])
    print(client.report)
    assert any(": killed " in line for line in told), told
    assert (client.report.failed, client.report.lost, client.report.doubled) == ([], [], [])


def chosen(writes: int) -> list[int]:
    """Return the numbers of the writes to be killed at, of so many."""
    numbers = list(range(1, writes + 1))
    first, _, last = MANY.partition("-")
    if last:
        return [number for number in numbers if int(first) <= number <= int(last)]
    return sorted(random.Random(SEED).sample(numbers, min(int(MANY), writes)))  # noqa: S311 - a choice, not a key


@whole
@pytest.mark.timeout(6000)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_that_is_killed_at_any_write_is_finished(name: str, stack: Project) -> None:
    """Every write, or as many as HEDDLE_FAILPOINTS says, chosen by HEDDLE_SEED."""
    stack.ok("heddle", *UP, CLUSTER)
    points, operation = failpoints(stack), operations(stack)[name]
    operation.edit()
    with load(stack) as client:
        if MANY == "all":
            killed = kill_at_each_new_write(
                points, (*UP, CLUSTER), tell=lambda line: print(f"{name}: {line}", flush=True)
            )
            print(f"{name}: {killed} kills")
            assert killed >= operation.writes // 2
        else:
            writes = points.finish((*UP, CLUSTER)).writes
            print(f"{name}: {len(writes)} writes, HEDDLE_SEED={SEED}", *writes, sep="\n  ")
            for number in chosen(len(writes)):
                print(f"{name}: {killed_and_finished(points, operation, CLUSTER, number)}", flush=True)
        points.finish((*UP, CLUSTER, "--expect-no-changes"))
    print(client.report)
    assert (client.report.failed, client.report.lost, client.report.doubled) == ([], [], [])


@whole
@pytest.mark.timeout(6000)
def test_a_first_creation_that_is_killed_again_and_again_comes_to_its_end(stack: Project) -> None:
    """Each run begins where the last one was killed, and lives a write longer."""
    points = failpoints(stack)
    if MANY == "all":
        killed = kill_at_each_new_write(points, (*UP, CLUSTER))
    else:
        killed = kill_again_and_again(points, (*UP, CLUSTER), most=int(MANY) if MANY.isdecimal() else 400)
    points.finish((*UP, CLUSTER, "--expect-no-changes"))
    print(f"{killed} kills")
    assert killed
