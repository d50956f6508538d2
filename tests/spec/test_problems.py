"""Malformed stack files with the report a user gets: one to a YAML document, one subject to a file."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.errors import SpecError
from heddle.spec.load import parse_instance

CASES = {
    f"{path.stem}: {case['case']}" if "case" in case else path.stem: case
    for path in sorted((Path(__file__).parent.parent / "cases" / "spec").glob("*.yaml"))
    for case in yaml.safe_load_all(path.read_text())
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_problem_is_reported_at_once(case: dict[str, Any]) -> None:
    """Each with its path, what was found, what is allowed and, where that is not plain, what to do."""
    with pytest.raises(SpecError) as refused:
        parse_instance(case["file"], source="stacks/Pulumi.dev.yaml")

    assert str(refused.value) == case["report"]


def test_a_value_too_long_to_show_is_cut() -> None:
    """A pasted certificate does not bury the message."""
    with pytest.raises(SpecError, match="…"):
        parse_instance({"name": "x" * 500, "organizations": [{"name": "one"}]}, source="test")
