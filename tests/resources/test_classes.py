"""The typed classes say what the declarations say, and nothing else."""

import dataclasses
import subprocess
import sys
import typing

import pytest

import heddle.resources as classes
from heddle.resources import arguments
from heddle.resources.base import DeclaredResource
from heddle.schema import CONFIG, RESOURCES, ResourceType, snake_case
from heddle.schema.model import ListOf, MapOf, ObjectType

RESOURCE_CLASSES = DeclaredResource.__subclasses__()


def _objects(kind: object) -> typing.Iterator[ObjectType]:
    match kind:
        case ListOf(item=inner) | MapOf(value=inner):
            yield from _objects(inner)
        case ObjectType():
            yield kind
            for declared in kind.properties.values():
                yield from _objects(declared.kind)


OBJECTS = {
    kind.name: kind
    for resource in RESOURCES.values()
    for declared in resource.inputs.values()
    for kind in _objects(declared.kind)
}


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=lambda resource: resource.name)
def test_arguments_and_outputs_are_the_declared_ones(resource: ResourceType) -> None:
    """No declared input lacks an argument, no output an attribute; what is optional may be left out."""
    cls = getattr(classes, resource.name)
    fields = {field.name: field for field in dataclasses.fields(getattr(classes, f"{resource.name}Args"))}
    assert set(fields) == {snake_case(name) for name in resource.inputs}
    for name, declared in resource.inputs.items():
        has_default = fields[snake_case(name)].default is not dataclasses.MISSING
        assert has_default is not declared.required, name
    annotated = {name for name in cls.__annotations__ if name != "declaration"}
    assert annotated == {snake_case(name) for name in resource.outputs}
    assert cls.declaration is resource


def test_every_class_is_declared() -> None:
    """A class without a declaration would have no provider behind it."""
    assert {cls.__name__ for cls in RESOURCE_CLASSES} == {item.name for item in RESOURCES.values()}
    assert {snake_case(name) for name in CONFIG} == {
        field.name for field in dataclasses.fields(classes.ProviderArgs)
    }


@pytest.mark.parametrize("kind", OBJECTS.values(), ids=lambda kind: kind.name)
def test_objects_have_the_declared_keys(kind: ObjectType) -> None:
    """A dictionary that type-checks passes the provider's check."""
    shape = getattr(arguments, kind.name)
    assert shape.__required_keys__ == {name for name, item in kind.properties.items() if item.required}
    assert shape.__required_keys__ | shape.__optional_keys__ == set(kind.properties)


def test_declaring_loads_no_client() -> None:
    """A program that declares resources loads neither Fabric's messages nor a client of its nodes."""
    code = (
        "import sys, heddle.resources\n"
        "clients = ('fabric_protos', 'heddle.fabric', 'heddle.provider')\n"
        "loaded = [module for module in sys.modules if module.startswith(clients)]\n"
        "sys.exit(repr(loaded) if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
