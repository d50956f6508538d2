"""Hold the parts of a stack file against each other: references, sizes and counts that belong together.

They read the file's plain data, whatever it holds, so that they can be checked when some fields are wrong: a
part that is not of the expected shape is skipped here, the models report it.
"""

from collections.abc import Mapping

from heddle.spec.problems import Problem
from heddle.spec.rules import (
    addresses,
    chaincodes,
    channels,
    editions,
    former,
    given,
    keys,
    members,
    metadata,
    naming,
    nodes,
    ordering,
    outside,
    private_data,
    releases,
    watching,
)

_SUBJECTS = (
    naming,
    members,
    outside,
    addresses,
    former,
    ordering,
    channels,
    chaincodes,
    private_data,
    metadata,
    nodes,
    keys,
    given,
    releases,
    watching,
    editions,
)


def broken_rules(data: object) -> list[Problem]:
    """Return a problem for every rule between the parts of `data` (camelCase keys) that does not hold."""
    if not isinstance(data, Mapping):
        return []
    return [problem for subject in _SUBJECTS for problem in subject.broken(data)]
