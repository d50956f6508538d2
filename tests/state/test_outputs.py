"""Outputs and resources of a stack, read from its state alone."""

import subprocess
import sys

import pytest

from heddle.errors import EngineError
from heddle.plugin.values import Properties, Secret
from heddle.state.outputs import read_outputs, read_resources
from heddle.state.resource import Resource
from tests.state.conftest import STACK, Shelf


def thing(name: str, *, delete: bool = False) -> Resource:
    return Resource(
        urn=f"urn:pulumi:dev::lab::test:index:Thing::{name}",
        type="test:index:Thing",
        custom=True,
        delete=delete,
        outputs={"name": name},
    )


def root(*, delete: bool = False) -> Resource:
    outputs: Properties = {"old": "1"} if delete else {"made": "1", "key": Secret("hidden")}
    return Resource(urn=STACK, type="pulumi:pulumi:Stack", custom=False, delete=delete, outputs=outputs)


def test_outputs_are_those_of_the_last_update(shelf: Shelf) -> None:
    """Secrets stay marked; a stack's resource that waits to be deleted has no say."""
    shelf.backend.save(shelf.document([root(delete=True), root()]))

    assert read_outputs(shelf.folder, "dev") == {"made": "1", "key": Secret("hidden")}


def test_a_stack_without_resources_has_no_outputs(shelf: Shelf) -> None:
    """Destroyed, or not deployed yet."""
    shelf.backend.save(shelf.document([]))

    assert read_outputs(shelf.folder, "dev") == {}
    assert read_resources(shelf.folder, "dev", "test:index:Thing") == []


def test_resources_of_one_type_are_read(shelf: Shelf) -> None:
    """Of other types, and waiting to be deleted: left out."""
    shelf.backend.save(shelf.document([root(), thing("a"), thing("gone", delete=True), thing("b")]))

    assert read_resources(shelf.folder, "dev", "test:index:Thing") == [{"name": "a"}, {"name": "b"}]


def test_an_unknown_stack_is_refused(shelf: Shelf) -> None:
    """A mistyped name is no empty network."""
    with pytest.raises(EngineError, match="no stack named 'dev' found"):
        read_outputs(shelf.folder, "dev")
    with pytest.raises(EngineError, match="no stack named 'dev' found"):
        read_resources(shelf.folder, "dev", "test:index:Thing")


def test_an_unknown_stack_is_told_beside_those_that_exist(shelf: Shelf) -> None:
    """A slip of the keys is seen at once; copies of checkpoints are no stacks."""
    folder = shelf.backend.checkpoint.parent
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("prod.json", "prod.json.bak", "test.json.gz"):
        (folder / name).write_bytes(b"")

    with pytest.raises(EngineError, match="There is: prod, test ") as refused:
        read_outputs(shelf.folder, "dve")

    assert "no stack named 'dve' found" in str(refused.value)


def test_without_any_stack_the_next_step_is_named(shelf: Shelf) -> None:
    """A first command before the first `up`."""
    with pytest.raises(EngineError, match="`heddle up` makes it"):
        read_outputs(shelf.folder, "dev")


def test_reading_a_state_loads_no_engine() -> None:
    """Nor Pulumi's SDK, whose import alone takes longer than the reading."""
    script = (
        "import sys, heddle.state.outputs\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'pulumi' or 'embedded' in name])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
