"""What the ledger says of a definition, as the inputs that it corresponds to."""

from typing import Any

import pytest
from fabric_protos.common import configtx_pb2

from heddle.configtx.endorsement import policy_bytes
from heddle.errors import ProviderError
from heddle.fabric.definition import Definition
from heddle.plugin.values import Properties
from heddle.provider.definitions import check_channel_policies, definition_inputs


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


def test_a_path_must_be_that_of_a_policy_of_the_channel() -> None:
    """Those that others gave the channel count too; expressions and the default name none."""
    root = configtx_pb2.ConfigGroup()
    for name in ("Endorsement", "Auditors"):
        root.groups["Application"].policies[name].mod_policy = "Admins"
    given: dict[str, Any] = {"name": "assets", "channel": "goods"}
    there = {"name": "a", "endorsementPolicy": "/Channel/Application/Auditors"}
    check_channel_policies(given | {"endorsementPolicy": "OR('A.peer')", "collections": [there]}, root)
    check_channel_policies(given, root)

    mistyped = "/Channel/Application/Endorsment"
    for wrong in (
        {"endorsementPolicy": mistyped},
        {"collections": [there | {"endorsementPolicy": mistyped}]},
    ):
        with pytest.raises(ProviderError, match="no such policy: 'Application/Endorsment'") as refusal:
            check_channel_policies(given | wrong, root)
        assert "/Channel/Application/Auditors, /Channel/Application/Endorsement" in str(refusal.value)
