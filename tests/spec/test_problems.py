"""Malformed stack files: one data file each, with the report a user gets."""

from pathlib import Path

import pytest
import yaml

from heddle.errors import SpecError
from heddle.spec.load import parse_instance

CASES = sorted((Path(__file__).parent.parent / "cases" / "spec").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_problem_is_reported_at_once(case: Path) -> None:
    """Each with its path, what was found, what is allowed and, where that is not plain, what to do."""
    data = yaml.safe_load(case.read_text())

    with pytest.raises(SpecError) as refused:
        parse_instance(data["file"], source="stacks/Pulumi.dev.yaml")

    assert str(refused.value) == data["report"]


def test_a_value_too_long_to_show_is_cut() -> None:
    """A pasted certificate does not bury the message."""
    with pytest.raises(SpecError, match="…"):
        parse_instance({"name": "x" * 500, "organizations": [{"name": "one"}]}, source="test")
