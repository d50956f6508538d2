"""Read a stack's outputs and resources from its state, without running anything."""

from collections.abc import Iterable
from pathlib import Path

from heddle.plugin.values import Properties
from heddle.state.resource import Resource
from heddle.state.stack import open_stack
from heddle.state.urn import ROOT_TYPE

__all__ = ["read_outputs", "read_outputs_and", "read_resources", "stack_resource"]


def read_outputs(folder: Path, stack: str) -> Properties:
    """Return a stack's outputs, secrets marked; empty before its first `up`.

    Args:
        folder: where Pulumi.yaml is.
        stack: the stack's name.

    Raises EngineError for a stack that does not exist or whose state cannot be read.
    """
    return read_outputs_and(folder, stack, "")[0]


def read_outputs_and(folder: Path, stack: str, type: str) -> tuple[Properties, list[Properties]]:  # noqa: A002 - Pulumi's word
    """Return a stack's outputs and those of its resources of one type, of one reading of the state."""
    resources = open_stack(folder, stack, must_exist=True).resources
    root = stack_resource(resources)
    found = [item.outputs for item in resources if item.type == type and not item.delete]
    return (root.outputs if root is not None else {}), found


def read_resources(folder: Path, stack: str, type: str) -> list[Properties]:  # noqa: A002 - Pulumi's word
    """Return the outputs of a stack's resources of one type. Raises EngineError as `read_outputs` does."""
    return read_outputs_and(folder, stack, type)[1]


def stack_resource(resources: Iterable[Resource]) -> Resource | None:
    """Return the resource of the stack itself, which holds its outputs; None before the first `up`."""
    return next((item for item in resources if item.type == ROOT_TYPE and not item.delete), None)
