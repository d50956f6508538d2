"""Which provider serves a resource, and what becomes of resources when it changes."""

import json

from heddle.embedded.engine.events import Op
from tests.embedded.engine.conftest import Lab, up

EXPLICIT = """
class Provider(pulumi.ProviderResource):
    def __init__(self, name, props, opts=None):
        super().__init__("test", name, props, opts)
"""


def resources(lab: Lab) -> dict[str, dict[str, object]]:
    latest = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]
    return {item["urn"].rpartition("::")[2]: item for item in latest["resources"]}


async def test_one_default_provider_per_package_unseen(lab: Lab) -> None:
    """Resources without a provider share one made from the configuration; it is neither shown nor counted."""
    lab.stack_file("config: {'test:region': here, 'lab:x': 1}")
    lab.program('Thing("a")\nThing("b")')
    outcome = await lab.up()
    assert outcome.counts == {Op.CREATE: 3}
    state = resources(lab)
    assert state["default"]["inputs"] == {"region": "here"}
    reference = f"{state['default']['urn']}::{state['default']['id']}"
    assert state["a"]["provider"] == state["b"]["provider"] == reference


async def test_explicit_providers_reach_children(lab: Lab) -> None:
    """A component hands its provider down; the provider is a resource like any other."""
    program = EXPLICIT + (
        'p = Provider("p", {"region": "here"})\n'
        'g = Group("g", pulumi.ResourceOptions(providers={"test": p}))\n'
        'Thing("a", {}, pulumi.ResourceOptions(parent=g))\n'
    )
    steps = await up(lab, program)
    assert steps["p"] == [Op.CREATE]
    assert "::p::" in str(resources(lab)["a"]["provider"])
    assert (await up(lab, program))["p"] == [Op.SAME]


async def test_a_changed_provider_keeps_its_id_a_replaced_one_replaces(lab: Lab) -> None:
    """What the provider takes in place touches no resource, anything else replaces all of its."""
    program = (
        EXPLICIT + 'p = Provider("p", {{"region": "{0}", "colour": "{1}"}})\n'
        'Thing("a", {{}}, pulumi.ResourceOptions(provider=p))\n'
    )
    await up(lab, program.format("here", "red"))
    before = resources(lab)["p"]["id"]
    steps = await up(lab, program.format("here", "blue"))
    assert steps["p"] == [Op.UPDATE]
    assert steps["a"] == [Op.SAME]
    assert resources(lab)["p"]["id"] == before
    lab.program(program.format("there", "blue"))
    assert not (await lab.preview()).failed, lab.messages()
    steps = await up(lab, program.format("there", "blue"))
    assert Op.REPLACE in steps["p"]
    assert Op.REPLACE in steps["a"]


async def test_a_provider_that_is_not_configured_yet_previews_as_unknown(lab: Lab) -> None:
    """A preview asks nothing of a provider whose configuration comes from a resource yet to be created."""
    program = EXPLICIT + (
        'a = Thing("a")\n'
        'p = Provider("p", {"region": a.id})\n'
        'b = Thing("b", {}, pulumi.ResourceOptions(provider=p))\n'
        'pulumi.export("made", b.made)\n'
    )
    lab.program(program)
    outcome = await lab.preview()
    assert not outcome.failed, lab.messages()
    assert repr(outcome.outputs["made"]) == "UNKNOWN"
    await up(lab, program)
    assert (await up(lab, program))["b"] == [Op.SAME]


async def test_other_packages_need_the_cli(lab: Lab) -> None:
    """A package that the engine does not serve is named, with the way out."""
    lab.program('pulumi.CustomResource("aws:s3:Bucket", "b", {})')
    outcome = await lab.up()
    assert outcome.failed
    assert "package 'aws': this needs the CLI" in lab.messages()[0]


async def test_every_provider_is_closed_when_a_run_ends(lab: Lab) -> None:
    """Also when the run failed: no connection of a provider outlives it."""
    lab.program('Thing("a")')
    await lab.up()
    closed = lab.world.closed
    lab.program('Thing("a")\nraise RuntimeError("no")')
    await lab.up()

    assert closed == 1
    assert lab.world.closed == 2
