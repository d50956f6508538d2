"""What every declaration must hold, and the package schema made of them."""

import json
from collections.abc import Iterator

import pytest

from heddle.schema import (
    RESOURCES,
    Kind,
    ListOf,
    MapOf,
    ObjectType,
    OnChange,
    Property,
    ResourceType,
    package_schema,
)
from heddle.schema.model import snake_case
from typings.declared import FILES, typed_dictionaries

ALL = pytest.mark.parametrize("resource", RESOURCES.values(), ids=lambda resource: resource.name)


def _properties(declared: Property, path: str) -> Iterator[tuple[str, Property]]:
    yield path, declared
    for kind in _objects(declared.kind):
        for name, inner in kind.properties.items():
            yield from _properties(inner, f"{path}.{name}")


def _objects(kind: Kind) -> Iterator[ObjectType]:
    match kind:
        case ListOf(item=inner) | MapOf(value=inner):
            yield from _objects(inner)
        case ObjectType():
            yield kind


@ALL
def test_private_keys_and_passwords_are_secret(resource: ResourceType) -> None:
    """Every property that holds one is declared secret, wherever it is nested, and nothing else is."""
    for name, declared in {**resource.inputs, **resource.outputs}.items():
        for path, inner in _properties(declared, name):
            assert inner.secret is path.lower().endswith(("privatekey", "password")), path


@ALL
def test_credentials_never_differ(resource: ResourceType) -> None:
    """Identities and client certificates are ways to a ledger: another one changes nothing."""
    for name, declared in resource.inputs.items():
        kinds = {kind.name for kind in _objects(declared.kind)}
        if kinds & {"Identity", "ClientTls"}:
            assert declared.on_change is OnChange.NOTHING, name


@ALL
def test_refusals_say_a_way_out(resource: ResourceType) -> None:
    """What cannot change says what to do instead."""
    for name, declared in resource.inputs.items():
        assert bool(declared.way_out) is (declared.on_change is OnChange.REFUSE), name


@ALL
def test_everything_is_described(resource: ResourceType) -> None:
    """A user reads descriptions, and what deleting does."""
    assert resource.on_delete.startswith("forgets")
    for name, declared in {**resource.inputs, **resource.outputs}.items():
        for path, inner in _properties(declared, name):
            assert inner.description.endswith("."), path


@ALL
def test_outputs_have_names_of_their_own(resource: ResourceType) -> None:
    """An output never hides an input."""
    assert not set(resource.inputs) & set(resource.outputs)


def test_the_package_schema_is_closed() -> None:
    """It is JSON, and every reference in it leads somewhere."""
    text = json.dumps(package_schema())
    schema = json.loads(text)
    references = {part.split('"')[0] for part in text.split('"#/types/')[1:]}
    assert references == set(schema["types"])
    assert set(schema["resources"]) == set(RESOURCES)
    for resource in schema["resources"].values():
        assert (
            set(resource["requiredInputs"]) <= set(resource["inputProperties"]) <= set(resource["properties"])
        )


@pytest.mark.parametrize(
    ("name", "python"), [("genesisHash", "genesis_hash"), ("mspId", "msp_id"), ("channel", "channel")]
)
def test_python_names(name: str, python: str) -> None:
    """CamelCase becomes snake_case."""
    assert snake_case(name) == python


@pytest.mark.parametrize("wrapper", FILES, ids=["provider" if not each else "programs" for each in FILES])
def test_typed_dictionaries_are_fresh(wrapper: str) -> None:
    """What the declarations say now; `make stubs` writes them."""
    assert FILES[wrapper].read_text() == typed_dictionaries(wrapper)
