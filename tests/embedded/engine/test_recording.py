"""What a run leaves in the stack's log: each resource that it changed, where it failed, nothing secret."""

import json

import pytest

from heddle.state.history import read_acts, work_on
from heddle.state.log import Act
from heddle.state.stack import stack_backend
from tests.embedded.engine.conftest import Lab, pulumi, up
from tests.embedded.engine.test_cli import PROGRAM as SHARED
from tests.embedded.engine.test_cli import shared as shared
from tests.embedded.engine.test_killed import FIRST, run_killed
from tests.programs import needs


def acts(lab: Lab, *, resources: bool = False) -> list[Act]:
    backend = stack_backend(lab.folder, "dev")
    assert backend is not None
    return read_acts(backend, resources=resources)


async def test_a_run_names_what_it_changed(lab: Lab) -> None:
    """Created, updated, deleted; what stays as it is, and a refresh that finds nothing new, leave no name."""
    await up(lab, 'Thing("a", {"value": pulumi.Output.secret("hush")}); Thing("b", {"n": 1})')
    await up(lab, 'Thing("a", {"value": pulumi.Output.secret("hush")}); Thing("c", {"n": 1})')
    await lab.engine().refresh()
    await lab.preview()

    found = acts(lab)

    assert [(act.what, act.result) for act in found] == [
        ("refresh", "succeeded"),
        ("up", "succeeded"),
        ("up", "succeeded"),
    ], "a preview does nothing"
    things = [{k: v for k, v in act.resources.items() if k.startswith("Thing")} for act in found]
    assert things == [
        {},
        {"Thing b": "deleted", "Thing c": "created"},
        {"Thing a": "created", "Thing b": "created"},
    ]
    assert found[1].changes["create"] == 1
    files = (lab.folder / "state/.pulumi/history").rglob("*.h*.json")
    assert not any("hush" in file.read_text() for file in files)


async def test_a_failed_run_says_where(lab: Lab) -> None:
    """By the resource; the provider's words, which may hold anything, stay out."""
    lab.program('Thing("a"); Thing("b", {"fail": "create", "value": "hush"})')
    outcome = await lab.up()
    assert outcome.failed

    (act,) = acts(lab)

    assert act.result == "failed"
    assert act.resources["Thing b"] == "creating failed"
    assert "hush" not in json.dumps(vars(act))


async def test_a_killed_up_is_interrupted_until_the_next_one(lab: Lab) -> None:
    """Its pending operations say what it was doing."""
    lab.program(FIRST)
    backend = stack_backend(lab.folder, "dev")
    assert backend is not None
    killed = 0
    for point in range(4, 9):
        run_killed(lab, point)
        (newest, *_) = acts(lab)
        killed += bool(work_on(backend).pending)
        assert newest.result == "interrupted"
    assert killed, "at some point a call was under way"
    await up(lab, FIRST)
    assert [act.result for act in acts(lab)] == ["succeeded", *["interrupted"] * 5]
    assert work_on(backend).killed is None
    assert work_on(backend).pending == ()


@pytest.mark.real
@needs("pulumi")
async def test_the_cli_and_heddle_take_turns(shared: Lab) -> None:
    """Both tools' runs are listed in their order, with what they changed; the CLI's own list is as it was."""
    await up(shared, SHARED.format("1"))
    shared.program(SHARED.format("2"))
    assert pulumi(shared, "up", "--yes").returncode == 0
    await shared.destroy()

    found = acts(shared, resources=True)

    assert [act.what for act in found] == ["destroy", "pulumi update", "up"]
    assert found[1].resources["Thing b"] == "updated"
    assert all(act.who and act.result == "succeeded" for act in found)
    history = pulumi(shared, "stack", "history", "--json")
    assert [item["kind"] for item in json.loads(history.stdout)] == ["destroy", "update", "update"]
    assert pulumi(shared, "stack", "rename", "prod").returncode == 0
    backend = stack_backend(shared.folder, "prod")
    assert backend is not None
    assert [act.what for act in read_acts(backend)] == ["destroy", "pulumi update", "up"]
