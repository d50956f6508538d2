"""The provider against a real API server, scheduler and kubelet."""

import secrets
from typing import Any

import pytest

from heddle.embedded.engine.kubernetes.objects import copied
from heddle.errors import ProviderError
from heddle.plugin.interface import DiffKind, PartialFailure
from tests.embedded.engine.kubernetes.stack import Stack
from tests.embedded.engine.kubernetes.things import Thing, things

pytestmark = pytest.mark.cluster


def _named(all_things: list[Thing], name: str) -> Thing:
    return next((type_, found, copied(inputs)) for type_, found, inputs in all_things if found == name)


async def test_a_program_of_all_kinds_comes_up_stays_and_goes(kubeconfig: str) -> None:
    """Created in order, ready when answered, unchanged at the second look, gone at the end."""
    stack, program = await Stack.on(kubeconfig), things(f"t-{secrets.token_hex(3)}")
    try:
        for thing in program:
            await stack.create(thing)
        pods: Any = stack.states["node"].outputs["status"]
        assert pods["readyReplicas"] == 1
        for thing in program:
            assert (await stack.diff(thing)).detailed == {}, thing[1]
        for thing in program:
            found = await stack.read(thing)
            assert found.id == stack.states[thing[1]].id
            assert found.inputs == stack.states[thing[1]].inputs, thing[1]
    finally:
        for thing in reversed(program):
            if thing[1] in stack.states:
                await stack.delete(thing)


@pytest.fixture
async def stack(kubeconfig: str) -> Any:
    """A stack with a namespace of its own, removed at the end."""
    made = await Stack.on(kubeconfig, enableConfigMapMutable=True)
    space = things(f"t-{secrets.token_hex(3)}")[0]
    await made.create(space)
    yield made
    await made.delete(space)


def _program(stack: Stack) -> list[Thing]:
    return things(stack.states["space"].id)


async def test_an_update_is_previewed_applied_and_seen(stack: Stack) -> None:
    """The preview stores nothing; the change is live and makes no further difference."""
    thing = _named(_program(stack), "named")
    before = await stack.create(thing)
    thing[2]["data"]["core.yaml"] = "a: 2\n"
    assert (await stack.diff(thing)).detailed == {'data["core.yaml"]': DiffKind.UPDATE}
    previewed: Any = await stack.update(thing, preview=True)
    assert previewed["data"]["core.yaml"] == "a: 2\n"
    assert (await stack.read(thing)).properties["data"] == before.outputs["data"]
    await stack.update(thing)
    assert (await stack.diff(thing)).changes is False
    live: Any = (await stack.read(thing)).properties
    assert live["data"]["core.yaml"] == "a: 2\n"
    assert live["__fieldManager"] == before.outputs["__fieldManager"]


async def test_pods_that_cannot_start_are_shown_with_their_reasons(stack: Stack) -> None:
    """The object is saved, and the error holds what the kubelet says."""
    thing = _named(_program(stack), "service")
    container = thing[2]["spec"]["template"]["spec"]["containers"][0]
    container["image"], container["imagePullPolicy"] = "localhost/heddle/no-such-image:1", "Never"
    with pytest.raises(PartialFailure) as caught:
        await stack.create(thing, seconds=8)
    reasons = "\n".join(caught.value.reasons)
    assert "timed out waiting to be Ready" in reasons
    assert "ErrImageNeverPull" in reasons
    assert caught.value.id.endswith("/service")


async def test_a_stateful_set_replaced_by_hand_is_not_waited_for_twice(stack: Stack) -> None:
    """With OnDelete a changed template is accepted at once: its pods are restarted by someone else."""
    for name in ("claim", "node"):
        await stack.create(_named(_program(stack), name))
    thing = _named(_program(stack), "node")
    thing[2]["spec"]["template"]["metadata"]["annotations"] = {"heddle/config": "new"}
    outputs: Any = await stack.update(thing)
    assert outputs["status"]["currentRevision"] != outputs["status"]["updateRevision"]
    assert (await stack.diff(thing)).changes is False


async def test_a_creation_repeated_after_a_kill_can_be_changed(stack: Stack) -> None:
    """The name that owned the fields was lost with the process; it is found again on the object."""
    thing = _named(_program(stack), "named")
    first = await stack.create(thing)
    again = await stack.create(thing)
    thing[2]["data"]["e"] = "changed"
    outputs: Any = await stack.update(thing)

    assert again.outputs["__fieldManager"] == first.outputs["__fieldManager"]
    assert outputs["data"]["e"] == "changed"


async def test_two_programs_do_not_overwrite_each_other(stack: Stack) -> None:
    """A second field manager gets a conflict, with what to do about it."""
    thing = _named(_program(stack), "named")
    mine = await stack.create(thing)
    theirs = _named(_program(stack), "named")
    theirs[2]["data"]["e"] = "other"
    with pytest.raises(ProviderError, match="field conflict detected"):
        await stack.create(theirs)
    stack.states["named"] = mine
    assert (await stack.read(thing)).properties["data"] == mine.outputs["data"]
