"""What the ledger says of a definition, as the inputs that it corresponds to."""

import pytest

from heddle.fabric.definition import Definition
from heddle.plugin.values import Properties
from heddle.provider.definitions import definition_inputs
from heddle.provider.endorsement import policy_bytes


def _read(on_ledger: str | None, written: str | None) -> str | None:
    """The endorsement policy after a refresh."""
    found = Definition(name="assets", version="1.0", sequence=1, validation_parameter=policy_bytes(on_ledger))
    given: Properties = {"endorsementPolicy": written} if written else {}
    policy = {**given, **definition_inputs(found, given)}.get("endorsementPolicy")
    return str(policy) if policy else None


@pytest.mark.parametrize("written", ["AND('A.peer','B.peer')", "AND('A.peer')", "OutOf(1,'A.peer')", None])
def test_what_means_the_same_stays_as_it_was_written(written: str | None) -> None:
    """Otherwise a refresh would leave a difference that no update takes away."""
    assert _read(written, written) == written


def test_what_others_committed_is_a_difference() -> None:
    """Also where they went back to the channel's own policy."""
    assert _read("OR('B.peer')", "OR('A.peer')") == "OR('B.peer')"
    assert _read("OR('B.peer')", None) == "OR('B.peer')"
    assert _read(None, "OR('A.peer')") == "/Channel/Application/Endorsement"
