"""States of earlier versions hinder nobody: a production stack that could not shrink gets out by an `up`."""

import json
from typing import Any

import pytest

from tests.embedded.engine.conftest import Lab, up

PROGRAM = """
class Claim(pulumi.CustomResource):
    def __init__(self, name, opts):
        super().__init__("kubernetes:core/v1:PersistentVolumeClaim", name, {"made": None, "pin": None}, opts)

class Storage(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("heddle:kubernetes:Storage", name)
        for node in %r:
            Claim(node, pulumi.ResourceOptions(parent=self, %s))
        Thing("other", {}, pulumi.ResourceOptions(protect=True))

Storage("storage")
"""
PROTECTED, RETAINED = "protect=True", "retain_on_delete=True"


@pytest.fixture(autouse=True)
def claims_are_served(lab: Lab) -> None:
    """The world serves claims, too."""
    lab.packages = ("test", "kubernetes")


def claims(lab: Lab) -> dict[str, dict[str, Any]]:
    """The claims in the state, by name."""
    resources = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]["resources"]
    return {
        each["urn"].rpartition("::")[2]: each
        for each in resources
        if each["type"].endswith("PersistentVolumeClaim")
    }


async def test_a_protected_claim_whose_node_has_left_is_let_go(lab: Lab) -> None:
    """As the stack stands that was shrunk by an earlier version: refused for ever, until now."""
    await up(lab, PROGRAM % (["o0", "o1"], PROTECTED))
    lab.program(PROGRAM % (["o0"], RETAINED))

    assert not (await lab.preview()).failed
    outcome = await lab.up()

    assert not outcome.failed, lab.messages()
    assert claims(lab).keys() == {"o0"}
    assert "o1" in lab.world.read(), "its volume is left behind, not deleted"
    again = await lab.up()
    assert not again.failed
    assert again.changes == 0


async def test_the_takeover_changes_nothing_that_is_shown(lab: Lab) -> None:
    """No update; only the options in the state are others, for Pulumi's CLI too."""
    await up(lab, PROGRAM % (["o0"], PROTECTED))
    lab.program(PROGRAM % (["o0"], RETAINED))

    assert (await lab.preview()).changes == 0
    assert (await lab.up()).changes == 0

    assert "protect" not in claims(lab)["o0"]
    assert claims(lab)["o0"]["retainOnDelete"] is True


async def test_what_is_protected_still_stays_protected(lab: Lab) -> None:
    """Only claims of nodes are taken over."""
    await up(lab, PROGRAM % (["o0"], PROTECTED))

    assert (await lab.destroy()).failed
    assert "other" in lab.world.read()
