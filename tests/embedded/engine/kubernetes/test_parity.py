"""State is interchangeable with pulumi-kubernetes 4.28: neither engine finds a change after the other."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.engine.kubernetes.cli import Cli, closed, opened
from tests.embedded.engine.kubernetes.stack import Stack, State
from tests.embedded.engine.kubernetes.things import Thing, things
from tests.programs import needs

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.real,
    needs("pulumi", "pulumi-resource-kubernetes"),
]

# What differs between any two objects that are equal for everyone who declares them.
_OWN = {
    "__fieldManager", "clusterIP", "clusterIPs", "controller-uid", "batch.kubernetes.io/controller-uid",
    "creationTimestamp", "currentRevision", "generateName", "healthCheckNodePort", "lastProbeTime",
    "lastTransitionTime", "lastUpdateTime", "manager", "message", "name", "nodePort", "observedGeneration",
    "resourceVersion", "startTime", "time", "uid", "updateRevision", "volumeName",
}  # fmt: skip
# A controller may have answered when one of them looked and not yet when the other did.
_RACING = {"status", "managedFields", "finalizers", "generation", "deployment.kubernetes.io/revision"}


async def test_either_engine_follows_the_other(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, kubeconfig: str
) -> None:
    """Up by the CLI; no change here, taken down here, up here; no change there, taken down there."""
    config = tmp_path / "kubeconfig"
    config.write_text(kubeconfig)
    cli, program = Cli(tmp_path_factory.mktemp("cli"), config), things(f"p-{secrets.token_hex(3)}")
    cli.write(program)
    cli.run("up", "--yes", "--skip-preview")
    deployment = cli.export()
    stack = await Stack.on(kubeconfig)
    stack.states = _states(deployment)
    await _nothing_to_change(stack, program)
    theirs = dict(stack.states)
    for thing in reversed(program):
        await stack.delete(thing)
    for thing in program:
        await stack.create(thing)
    for _, name, _ in program:
        assert _shape(stack.states[name].inputs) == _shape(theirs[name].inputs), name
        assert _shape(stack.states[name].outputs) == _shape(theirs[name].outputs), name
    cli.replace(_with_states(deployment, stack.states))
    cli.run("preview", "--expect-no-changes")
    cli.run("refresh", "--yes", "--skip-preview")
    cli.run("preview", "--expect-no-changes")
    cli.run("destroy", "--yes", "--skip-preview")


async def _nothing_to_change(stack: Stack, program: list[Thing]) -> None:
    for thing in program:
        state, name = stack.states[thing[1]], thing[1]
        assert await stack.check(thing) == state.inputs, name
        assert (await stack.diff(thing)).detailed == {}, name
        found = await stack.read(thing)
        assert found.inputs == state.inputs, name
        assert found.properties.keys() == state.outputs.keys(), name
        assert found.properties["__inputs"] == state.outputs["__inputs"], name


def _states(deployment: dict[str, Any]) -> dict[str, State]:
    return {
        resource["urn"].rpartition("::")[2]: State(
            id=resource["id"], inputs=opened(resource["inputs"]), outputs=opened(resource["outputs"])
        )
        for resource in deployment["deployment"]["resources"]
        if resource["type"].startswith("kubernetes:")
    }


def _with_states(deployment: dict[str, Any], states: dict[str, State]) -> dict[str, Any]:
    for resource in deployment["deployment"]["resources"]:
        if state := states.get(resource["urn"].rpartition("::")[2]):
            resource["id"] = state.id
            resource["inputs"], resource["outputs"] = closed(state.inputs), closed(state.outputs)
    return deployment


def _shape(value: Any) -> Any:
    """Return a value without what is an object's own, and without what races."""
    if isinstance(value, list):
        return [_shape(item) for item in value]
    if isinstance(value, dict):
        return {
            key: "…" if key in _OWN else _shape(item) for key, item in value.items() if key not in _RACING
        }
    if hasattr(value, "value"):
        return ("secret", _shape(value.value))
    return value
