"""What becomes of one resource: changed, replaced, kept, renamed, deleted."""

import asyncio
import json
from collections.abc import Callable

import pytest

from heddle.embedded.engine.events import Op
from heddle.plugin.interface import CheckFailure, CheckRequest, CheckResult
from heddle.plugin.values import Secret
from tests.embedded.engine.conftest import Lab, up
from tests.embedded.engine.fake import Fake

Names = Callable[[], list[str]]


async def test_a_changed_input_updates_in_place_and_reaches_who_uses_it(lab: Lab) -> None:
    """An update keeps the id, and its new outputs change what depends on them."""
    await up(lab, 'a = Thing("a", {"value": "1"})\nThing("b", {"value": a.made})')
    steps = await up(lab, 'a = Thing("a", {"value": "2"})\nThing("b", {"value": a.made})')
    assert steps["a"] == [Op.UPDATE]
    assert steps["b"] == [Op.UPDATE]
    assert lab.world.read()["b"]["made"] == "made of made of 2"


async def test_a_replacement_is_created_before_the_old_one_goes(lab: Lab, names: Names) -> None:
    """By default the successor exists, and dependents use it, before the predecessor is deleted."""
    await up(lab, 'a = Thing("a", {"name": "one"})\nThing("b", {"value": a.id})')
    lab.world.order.clear()
    steps = await up(lab, 'a = Thing("a", {"name": "two"})\nThing("b", {"value": a.id})')
    assert steps["a"] == [Op.CREATE_REPLACEMENT, Op.REPLACE, Op.DELETE_REPLACED]
    assert lab.world.order == ["create a", "update b", "delete a"]
    assert names() == ["b", "two"]


async def test_delete_before_replace_takes_dependents_along(lab: Lab) -> None:
    """Who cannot live without the old one goes first and comes back last; who can is left alone."""
    program = """
    a = Thing("a", {{"unstable": "{0}"}})
    Thing("b", {{"forceNew": a.made.apply(lambda made: made), "value": a.unstable}})
    Thing("c", {{"value": "x"}}, pulumi.ResourceOptions(depends_on=[a]))
    """
    program = program.replace("a.unstable", "a.made")
    await up(lab, program.format("1"))
    lab.world.order.clear()
    steps = await up(lab, program.format("2"))
    assert lab.world.order == ["delete b", "delete a", "create a", "create b"]
    assert steps["c"] == [Op.SAME]
    assert steps["b"] == [Op.DELETE_REPLACED, Op.CREATE_REPLACEMENT, Op.REPLACE]


async def test_the_program_decides_the_order_of_a_replacement(lab: Lab) -> None:
    """`delete_before_replace` overrides the provider's wish, in both directions."""
    program = 'Thing("a", {{"{1}": "{0}"}}, pulumi.ResourceOptions(delete_before_replace={2}))'
    await up(lab, program.format("1", "forceNew", True))
    lab.world.order.clear()
    await up(lab, program.format("2", "forceNew", True))
    assert lab.world.order == ["delete a", "create a"]


async def test_what_the_program_drops_is_deleted_dependents_first(lab: Lab, names: Names) -> None:
    """Deletes go against the direction of dependencies, after everything else."""
    await up(
        lab,
        """
        a = Thing("a")
        b = Thing("b", {"value": a.made})
        Thing("c", {"value": b.made})
        Thing("z")
        """,
    )
    lab.world.order.clear()
    steps = await up(lab, 'Thing("z")')
    assert lab.world.order == ["delete c", "delete b", "delete a"]
    assert steps["z"] == [Op.SAME]
    assert names() == ["z"]


@pytest.mark.parametrize("verb", ["replace", "drop", "destroy"])
async def test_protected_resources_stay(lab: Lab, names: Names, verb: str) -> None:
    """Nothing deletes what is protected; the error says how to go on."""
    await up(lab, 'Thing("a", {"forceNew": "1"}, pulumi.ResourceOptions(protect=True))\nThing("b")')
    if verb == "destroy":
        outcome = await lab.destroy()
        assert names() == ["a", "b"]
    else:
        kept = 'Thing("a", {"forceNew": "2"}, pulumi.ResourceOptions(protect=True))\n'
        lab.program((kept if verb == "replace" else "") + 'Thing("b")')
        outcome = await lab.up()
        assert names() == ["a", "b"]
    assert outcome.failed
    assert any("protect" in text for text in lab.messages())


async def test_protection_is_inherited_and_can_be_lifted(lab: Lab, names: Names) -> None:
    """Children of a protected component are protected, until the program says otherwise."""
    program = 'g = Group("g", pulumi.ResourceOptions(protect={0}))\n{1}'
    child = 'Thing("a", {}, pulumi.ResourceOptions(parent=g))'
    await up(lab, program.format(True, child))
    lab.program(program.format(True, ""))
    assert (await lab.up()).failed
    await up(lab, program.format(False, child))
    await up(lab, program.format(False, ""))
    assert names() == []


async def test_retained_and_deleted_with_are_only_forgotten(lab: Lab, names: Names) -> None:
    """`retain_on_delete` and `deleted_with` remove from the state, not from the world."""
    await up(
        lab,
        """
        a = Thing("a")
        Thing("kept", {}, pulumi.ResourceOptions(retain_on_delete=True))
        Thing("part", {}, pulumi.ResourceOptions(deleted_with=a))
        """,
    )
    assert not (await lab.destroy()).failed
    assert names() == ["kept", "part"]
    assert lab.world.calls["delete"] == 1


async def test_an_alias_renames_without_touching(lab: Lab) -> None:
    """A resource under a new name, or under a new parent, is the same one; so are its children."""
    await up(
        lab,
        """
        g = Group("g")
        a = Thing("g-a", {"name": "x"}, pulumi.ResourceOptions(parent=g))
        Thing("b", {"value": a.made})
        """,
    )
    steps = await up(
        lab,
        """
        g = Group("h", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="g")]))
        a = Thing("h-a", {"name": "x"}, pulumi.ResourceOptions(parent=g))
        Thing("b", {"value": a.made})
        """,
    )
    assert steps == {name: [Op.SAME] for name in ("lab-dev", "h", "h-a", "b")}
    assert '"urn:pulumi:dev::lab::test:index:Group::g"' not in lab.checkpoint.read_text()


async def test_ignored_changes_are_no_changes(lab: Lab) -> None:
    """`ignore_changes` keeps the old value of exactly its paths."""
    program = """
    Thing("a", {{"value": "{0}", "deep": {{"x": "{0}", "y": "{1}"}}}},
        pulumi.ResourceOptions(ignore_changes=["value", "deep.x"]))
    """
    await up(lab, program.format("1", "1"))
    assert (await up(lab, program.format("2", "1")))["a"] == [Op.SAME]
    assert (await up(lab, program.format("2", "2")))["a"] == [Op.UPDATE]
    assert lab.world.read()["a"]["deep"] == {"x": "1", "y": "2"}


async def test_replace_on_changes_replaces(lab: Lab) -> None:
    """A path in `replace_on_changes` makes a change there a replacement."""
    program = 'Thing("a", {{"value": "{0}"}}, pulumi.ResourceOptions(replace_on_changes=["value"]))'
    await up(lab, program.format("1"))
    assert Op.REPLACE in (await up(lab, program.format("2")))["a"]


async def test_secrets_are_never_in_clear(lab: Lab) -> None:
    """Secret inputs, outputs of the same name, marked and stack outputs are encrypted, and stay so."""
    program = """
    a = Thing("a", {"value": pulumi.Output.secret("hush"), "deep": {"in": [pulumi.Output.secret("hush")]}},
        pulumi.ResourceOptions(additional_secret_outputs=["made"]))
    pulumi.export("pin", pulumi.Output.secret("hush"))
    """
    await up(lab, program)
    text = lab.checkpoint.read_text()
    assert "hush" not in text
    assert (await up(lab, program))["a"] == [Op.SAME]
    assert lab.checkpoint.read_text() == text


async def test_a_partial_create_is_saved_and_healed(lab: Lab) -> None:
    """What was left behind by a failed create is in the state, and the next run updates it."""
    lab.program('Thing("a", {"fail": "partial"})')
    outcome = await lab.up()
    assert outcome.failed
    saved = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]["resources"][-1]
    assert saved["id"] == "a"
    assert saved["initErrors"] == ["it never came up"]
    steps = await up(lab, 'Thing("a", {"fail": "partial"})')
    assert steps["a"] == [Op.UPDATE]
    assert "initErrors" not in lab.checkpoint.read_text()


async def test_a_failure_stops_what_comes_after_and_keeps_what_was(lab: Lab, names: Names) -> None:
    """The error is told once, dependents are not begun, nothing is deleted, nothing stays pending."""
    await up(lab, 'Thing("old")')
    lab.program('a = Thing("a", {"fail": "create"})\nThing("b", {"value": a.made})')
    outcome = await lab.up()
    assert outcome.failed
    assert lab.messages() == ["a cannot create\n  Do not ask it to."]
    assert names() == ["old"]
    assert "pending_operations" not in json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]


async def test_refused_inputs_are_told_by_property(lab: Lab) -> None:
    """A check failure names type, resource, property and reason, and nothing is created."""
    lab.program('Thing("a", {"fail": "check"})')
    outcome = await lab.preview()
    assert outcome.failed
    (text,) = lab.messages()
    assert "test:index:Thing resource 'a': property fail" in text
    assert "it says check" in text


async def test_a_failed_delete_keeps_what_it_needs(lab: Lab, names: Names) -> None:
    """When a dependent cannot be deleted, what it depends on is not deleted either."""
    await up(lab, 'a = Thing("a")\nThing("b", {"value": a.made, "fail": "delete"})\nThing("c")')
    outcome = await lab.destroy()
    assert outcome.failed
    assert "a" in names()
    assert "b" in names()


async def test_nothing_is_deleted_while_something_of_it_is_protected(lab: Lab, names: Names) -> None:
    """Neither the pods beside a protected claim by `destroy`, nor a dropped node beside a dropped channel."""
    await up(
        lab,
        """
        place = Thing("place")
        within = lambda **more: pulumi.ResourceOptions(depends_on=[place], deleted_with=place, **more)
        Thing("claim", {}, within(protect=True))
        Thing("pod", {}, within())
        """,
    )
    assert (await lab.destroy()).failed
    lab.program('Thing("place")')
    assert (await lab.up()).failed

    assert names() == ["claim", "place", "pod"]
    assert lab.world.calls["delete"] == 0


async def test_a_new_dependency_alone_changes_nothing(lab: Lab) -> None:
    """A program of a later release puts resources in a row that the state has side by side."""
    await up(lab, 'Thing("a")\nThing("b")')
    chained = 'a = Thing("a")\nThing("b", {}, pulumi.ResourceOptions(depends_on=[a]))'

    first, second = await up(lab, chained), await up(lab, chained)

    assert first["a"] == first["b"] == second["a"] == second["b"] == [Op.SAME]
    kept = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]["resources"]
    a, b = (next(each for each in kept if each["urn"].endswith(f"::{name}")) for name in "ab")
    assert b["dependencies"] == [a["urn"]]


async def test_reversed_dependencies_do_not_wait_for_each_other(lab: Lab) -> None:
    """A replaced `a` that depended on `b` is left over, its successor is what `b` depends on now."""
    await up(
        lab,
        """
        b = Thing("b")
        Thing("a", {"name": "a1", "fail": "delete"}, pulumi.ResourceOptions(depends_on=[b]))
        """,
    )
    lab.program('a = Thing("a", {"name": "a2"})\nThing("b", {}, pulumi.ResourceOptions(depends_on=[a]))')
    assert (await lab.up()).failed
    async with asyncio.timeout(20):
        assert (await lab.destroy()).failed
    assert lab.messages() == ["a cannot delete\n  Do not ask it to."]


async def test_what_was_deleted_for_a_replacement_is_checked_as_new(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a deleted predecessor is carried over into its successor."""
    olds: dict[str, list[bool]] = {}
    check = Fake.check

    async def noting(self: Fake, request: CheckRequest) -> CheckResult:
        olds.setdefault(request.name, []).append(bool(request.olds))
        return await check(self, request)

    monkeypatch.setattr(Fake, "check", noting)
    program = 'a = Thing("a", {{"unstable": "{0}"}})\nThing("b", {{"forceNew": a.made}})'
    await up(lab, program.format("1"))
    olds.clear()
    await up(lab, program.format("2"))
    assert olds == {"a": [True, False], "b": [False]}


async def test_a_predecessor_that_was_protected_goes_when_its_replacement_was_allowed(
    lab: Lab, names: Names
) -> None:
    """Protection is judged when the program asks for the replacement; afterwards nothing could lift it."""
    program = 'Thing("a", {{"name": "{0}"}}, pulumi.ResourceOptions(protect={1}))'
    await up(lab, program.format("a1", True))
    await up(lab, program.format("a2", False))
    assert names() == ["a2"]


async def test_a_refused_input_that_its_provider_calls_secret_is_not_shown(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the program gave it in clear."""

    async def refusing(_self: Fake, request: CheckRequest) -> CheckResult:
        failure = CheckFailure(property="key.kind", reason="is too short")
        return CheckResult(
            inputs={**request.news, "key": {"kind": 1, "pem": Secret("hush")}}, failures=(failure,)
        )

    monkeypatch.setattr(Fake, "check", refusing)
    lab.program('Thing("a", {"key": {"kind": 1, "pem": "hush"}})')
    assert (await lab.preview()).failed
    (text,) = lab.messages()
    assert "hush" not in text
