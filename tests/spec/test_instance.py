"""What a stack file may say, and what stands for what it leaves out."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from heddle.errors import SpecError
from heddle.settings import BatchSettings
from heddle.spec import Instance
from heddle.spec.fields import stated
from heddle.spec.load import parse_instance
from heddle.spec.names import DOMAIN
from heddle.spec.schema import stack_schema, stack_schema_text
from heddle.topology import plan
from heddle.versions import SAMPLE_CHAINCODE_IMAGE
from tests.shipped import shipped_names, shipped_stack

STACKS = Path(__file__).parent.parent.parent / "stacks"
MINIMAL: dict[str, Any] = {"name": "dev", "organizations": [{"name": "one"}]}


def instance(name: str) -> Instance:
    return parse_instance(shipped_stack(name)["config"]["fabric:instance"], source=name)


@pytest.mark.parametrize("name", shipped_names())
def test_the_stacks_that_ship_are_valid(name: str) -> None:
    """By the models and by the JSON Schema that editors use."""
    assert instance(name).name == name
    jsonschema.validate(shipped_stack(name), stack_schema())
    assert plan(instance(name)).instance == name


def test_the_schema_in_the_checkout_is_fresh() -> None:
    """Regenerate it: python -m heddle.spec.schema > stacks/stack.schema.json."""
    assert (STACKS / "stack.schema.json").read_text() == stack_schema_text()


@pytest.mark.parametrize(
    "changed",
    [
        {"organizations": [{"name": "one", "peers": 0}]},
        {"organizations": [{"name": "one", "ports": {"first": 80}}]},
        {"ordering": {"batch": {"messages": 0}}},
        {"certificates": {"validityDays": 4000}},
        {"nodes": {"peer": {"labels": {"-team": "a"}}}},
        {"nodes": {"peer": {"placement": {"nodeSelector": {"disk": "fast disk"}}}}},
        {"channels": [{"name": "c", "organizations": [{"name": "one", "anchorPeers": -1}]}]},
    ],
)
def test_editors_know_bounds_and_the_rules_of_keys(changed: dict[str, Any]) -> None:
    """Not only the loader."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"config": {"fabric:instance": {**MINIMAL, **changed}}}, stack_schema())


def test_editors_propose_values_only() -> None:
    """Neither null nor a title made of a field's name; what is optional is left out."""
    text = stack_schema_text()

    assert "null" not in text
    assert "Mspid" not in text


def test_the_schema_documents_every_field() -> None:
    """An editor shows what a field is for."""
    schema = json.loads(stack_schema_text())

    undocumented = [
        f"{model}.{field}"
        for model, definition in schema["$defs"].items()
        for field, declared in definition.get("properties", {}).items()
        if "description" not in declared
    ]
    assert undocumented == []


def test_offline_is_dev_on_stand_ins() -> None:
    """What is seen on one holds for the other."""
    dev, offline = instance("dev"), instance("offline")

    assert offline.model_copy(update={"name": "dev", "standin": False}) == dev


def test_dev_is_the_network_that_the_readme_promises() -> None:
    """Three orderers, two peers, blocks at 2 s, 500 messages or 2 MB, the sample chaincode, disposable."""
    dev = instance("dev")

    batch = BatchSettings(**stated(dev.ordering.batch, BatchSettings))
    assert (len(dev.ordering.indices), [each.peers for each in dev.organizations]) == (3, [2])
    assert (batch.timeout, batch.max_message_count, batch.preferred_max_bytes) == ("2s", 500, 2 * 1024 * 1024)
    assert (dev.disposable, dev.chaincodes[0].image) == (True, SAMPLE_CHAINCODE_IMAGE)


def test_internal_has_a_cluster_of_its_own_and_no_public_address() -> None:
    """And a trial there can be undone; what is left out of a file is protected (below)."""
    internal = instance("internal")

    assert internal.cluster is not None
    assert (internal.public_address, internal.disposable) == ("none", True)


def test_what_is_left_out_is_safe() -> None:
    """Protected, private, real nodes, three orderers."""
    minimal = parse_instance(MINIMAL, source="test")

    assert (minimal.disposable, minimal.standin, minimal.public_address) == (False, False, "none")
    assert (len(minimal.ordering.indices), minimal.organizations[0].peers) == (3, 2)


def test_an_instance_made_in_a_program_obeys_the_same_rules() -> None:
    """Rules between sections are not only the loader's."""
    with pytest.raises(ValidationError, match="an organization of this file"):
        Instance.model_validate({**MINIMAL, "channels": [{"name": "c", "organizations": ["two"]}]})


@given(st.integers(1, 3600))
def test_one_duration_has_one_spelling(seconds: int) -> None:
    """2000ms and 2s are no change on the ledger."""
    spelled = [f"{seconds}s", f"{seconds * 1000}ms", f"{seconds // 60}m{seconds % 60}s"]

    batches = [
        parse_instance({**MINIMAL, "ordering": {"batch": {"timeout": text}}}, source="test").ordering.batch
        for text in spelled
    ]
    assert [stated(each, BatchSettings) for each in batches] == [{"timeout": f"{seconds}s"}] * 3


@pytest.mark.parametrize(
    "address", ["auto", "none", "192.0.2.1", "2001:db8::1", "fabric.example.com", "1.2go.example.com"]
)
def test_public_addresses(address: str) -> None:
    """Words, addresses and names."""
    assert parse_instance({**MINIMAL, "publicAddress": address}, source="test").public_address == address


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("fabric.3com.com", True), ("a", True), ("192.0.2.1", False), ("a..b", False), ("a.-b", False)],
)
def test_domains(name: str, allowed: bool) -> None:
    """Labels may begin with a digit, but an address is no name."""
    assert DOMAIN.allows(name) == allowed


@pytest.mark.parametrize(("given", "power"), [("on", "on"), ("off", "off"), (True, "on"), (False, "off")])
def test_on_and_off_are_words_to_one_reader_of_yaml_and_truth_values_to_another(
    given: object, power: str
) -> None:
    """PyYAML reads `off` as false, Pulumi's CLI as a word."""
    assert parse_instance({**MINIMAL, "power": given}, source="file").power == power


@pytest.mark.parametrize("given", ["sleep", 0, None])
def test_nothing_else_is_a_power(given: object) -> None:
    """Neither a number nor another word."""
    with pytest.raises(SpecError, match="power"):
        parse_instance({**MINIMAL, "power": given}, source="file")
