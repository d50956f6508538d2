"""Stack files made by chance: an Instance or a SpecError, and nothing else."""

import json
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, settings

from heddle.errors import SpecError
from heddle.spec.instance import Instance
from heddle.spec.load import check_instance, parse_instance
from heddle.spec.schema import stack_schema
from heddle.stackfiles import with_files
from heddle.topology import plan
from tests.spec.strategies import JUNK, instances, mutilated

SCHEMA = jsonschema.Draft202012Validator(stack_schema())
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@settings(max_examples=30, suppress_health_check=SLOW)
@given(instances())
def test_a_valid_file_is_taken_and_laid_out(file: dict[str, Any]) -> None:
    """By the models, by the JSON Schema of editors, and by the layout."""
    instance, problems = check_instance(file)

    assert problems == []
    assert instance is not None
    assert list(SCHEMA.iter_errors({"config": {"fabric:instance": file}})) == []
    assert len(plan(instance).organizations) == len(file["organizations"])


@settings(max_examples=20, suppress_health_check=SLOW)
@given(instances())
def test_what_was_read_reads_back_as_itself(file: dict[str, Any]) -> None:
    """Normal forms are forms that a file may have."""
    instance = parse_instance(file, source="test")

    written = json.loads(json.dumps(instance.model_dump(mode="json", by_alias=True, exclude_unset=True)))

    assert Instance.model_validate(written) == instance


@settings(max_examples=100, suppress_health_check=SLOW)
@given(mutilated())
def test_a_mutilated_file_is_refused_or_taken_but_never_a_traceback(file: Any) -> None:
    """Every refusal has a problem with a place; whatever is taken can be laid out."""
    instance, problems = check_instance(with_files(file))

    assert (instance is None) == bool(problems)
    assert [problem.path for problem in problems if not problem.path.startswith("instance")] == []
    assert [problem.path for problem in problems if not problem.allowed] == []
    if instance is not None:
        plan(instance)
    else:
        _report(file)


@settings(max_examples=60)
@given(JUNK)
def test_anything_else_is_refused(data: Any) -> None:
    """Nothing that chance makes without looking is a stack file."""
    assert "problem" in _report(data)


def _report(data: Any) -> str:
    try:
        parse_instance(data, source="test")
    except SpecError as refused:
        return str(refused)
    raise AssertionError(f"taken: {data}")
