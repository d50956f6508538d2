"""Normal form, pruning, patch and detail equal what pulumi-kubernetes 4.28 answered for the same objects.

cases/differences.jsonl holds one case a line: the live object, old and new inputs, and under `expected` the
recorded answers of its normalizeInputs, pruneLiveState, inputPatch and convertPatchToDiff.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from heddle.embedded.engine.kubernetes.differences import detailed, merge_patch
from heddle.embedded.engine.kubernetes.normal import normal
from heddle.embedded.engine.kubernetes.prune import pruned
from heddle.embedded.engine.kubernetes.replaces import fields_that_replace

_LINES = (Path(__file__).parent / "cases" / "differences.jsonl").read_text().splitlines()
_CASES = [json.loads(line) for line in _LINES]


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_as_recorded(case: dict[str, Any]) -> None:
    """So that a stack may go from one engine to the other without a change."""
    new = normal(case["new"])
    old = pruned(case["live"], normal(case["old"]))
    fields = fields_that_replace(new, mutable_secrets=False, mutable_config_maps=False)
    assert {
        "normal": new,
        "pruned": old,
        "patch": merge_patch(old, new),
        "diff": {path: kind.name for path, kind in detailed(old, new, fields).items()},
    } == case["expected"]
