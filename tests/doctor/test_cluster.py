"""Which clusters `doctor` finds new enough for the pods that are made."""

from typing import Any

import pytest

from heddle.doctor.stack import upgrade_step

CASES: list[tuple[dict[str, Any], bool]] = [
    ({"major": "1", "minor": "34"}, False),
    ({"major": "1", "minor": "30+"}, False),
    ({"major": "1", "minor": "29"}, True),
    ({"major": "1", "minor": "9-gke.1"}, True),
    ({"major": "2", "minor": "0"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("version", "too_old"), CASES)
def test_clusters_that_lack_what_pods_have_are_named(version: dict[str, Any], too_old: bool) -> None:
    """Their API server would refuse a Deployment half-way. A version that cannot be read is no obstacle."""
    assert bool(upgrade_step(version)) == too_old
