"""Programs: what they may use, how they fail, and that every run begins anew."""

import pytest

from heddle.embedded.engine.events import Op
from heddle.plugin.values import Secret
from heddle.state.outputs import read_outputs
from tests.embedded.engine.conftest import Lab


async def test_modules_of_the_program_are_executed_again(lab: Lab) -> None:
    """A preview and an up in one process see the files as they are, not what an earlier run imported."""
    (lab.folder / "parts").mkdir()
    (lab.folder / "parts" / "values.py").write_text('VALUE = "1"')
    lab.program('from parts.values import VALUE\nThing("a", {"value": VALUE})')
    assert not (await lab.up()).failed
    (lab.folder / "parts" / "values.py").write_text('VALUE = "22"')
    await lab.preview()
    assert lab.steps()["a"] == [Op.UPDATE]


async def test_configuration_reaches_the_program(lab: Lab) -> None:
    """Strings, numbers, objects, the project's defaults and secrets are what `pulumi.Config` gives."""
    (lab.folder / "Pulumi.yaml").write_text(
        "name: lab\nruntime: python\nstackConfigDir: stacks\n"
        "config: {colour: {type: string, default: red}, size: {type: integer, default: 1}}\n"
    )
    lab.stack_file("config: {'lab:size': 3, 'lab:instance': {name: x, peers: [1, 2]}, 'other:key': true}")
    lab.program(
        """
        c = pulumi.Config()
        pulumi.export("all", [c.require("colour"), c.require_int("size"), c.require_object("instance"),
                              pulumi.Config("other").require_bool("key"),
                              pulumi.get_stack(), pulumi.get_project()])
        """
    )
    outcome = await lab.up()
    assert not outcome.failed, lab.messages()
    assert outcome.outputs["all"] == ["red", 3, {"name": "x", "peers": [1, 2]}, True, "dev", "lab"]


async def test_secret_outputs_stay_secret(lab: Lab) -> None:
    """A stack output that comes from a secret is marked, in the run and when read back."""
    lab.program('pulumi.export("pin", {"inner": pulumi.Output.secret("1234")})')
    outcome = await lab.up()
    assert outcome.outputs == {"pin": {"inner": Secret("1234")}}
    assert read_outputs(lab.folder, "dev") == outcome.outputs


async def test_an_output_can_be_secret_as_a_whole(lab: Lab) -> None:
    """With what is in it, known later or not: as the output `access` of a network is."""
    inner = '{"name": pulumi.Output.from_input("n"), "key": pulumi.Output.secret("5"), "all": {"x": 1}}'
    lab.program(f'pulumi.export("access", pulumi.Output.secret({inner}))')
    outcome = await lab.up()
    assert outcome.outputs == {"access": Secret({"name": "n", "key": "5", "all": {"x": 1}})}
    assert read_outputs(lab.folder, "dev") == outcome.outputs


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('raise pulumi.RunError("no such file")', "no such file"),
        ("import sys; sys.exit(3)", "the program exited with status 3"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f(:", "SyntaxError"),
        ('Thing("a")\nThing("a")', "Duplicate resource URN"),
        ('from heddle.errors import SpecError\nraise SpecError("bad", hint="mend it")', "bad\n  mend it"),
        ('pulumi.StackReference("a/b/c")', "this needs the CLI"),
        ('Thing("a", {}, pulumi.ResourceOptions(import_="x"))', "`import_`: this needs the CLI"),
    ],
)
async def test_a_failing_program_is_told_once(lab: Lab, body: str, expected: str) -> None:
    """One error, in the user's terms; nothing is deleted because of it."""
    lab.program('Thing("kept")')
    assert not (await lab.up()).failed
    lab.program(body)
    outcome = await lab.up()
    assert outcome.failed
    assert len(lab.messages()) == 1, lab.messages()
    assert expected in lab.messages()[0]
    assert "kept" in lab.world.read()


async def test_a_traceback_begins_at_the_program(lab: Lab) -> None:
    """The engine's and the SDK's frames are not the user's business."""
    lab.program("def inner():\n    raise ValueError('x')\ninner()")
    await lab.up()
    (text,) = lab.messages()
    assert text.splitlines()[2].strip().startswith(f'File "{lab.folder}/__main__.py"')


async def test_late_resources_and_logs(lab: Lab) -> None:
    """Resources made inside apply and messages of the program are part of the run."""
    lab.program(
        """
        a = Thing("a")
        a.made.apply(lambda made: Thing("late", {"value": made}) and None)
        pulumi.log.info("hello", a)
        """
    )
    outcome = await lab.up()
    assert not outcome.failed
    assert lab.messages() == ["hello"]
    assert "late" in lab.world.read()


async def test_invokes_are_answered(lab: Lab) -> None:
    """Functions of a provider can be called, with outputs too."""
    lab.program('pulumi.export("r", pulumi.runtime.invoke("test:index:echo", {"x": 1}).value)')
    outcome = await lab.up()
    assert not outcome.failed, lab.messages()
    assert outcome.outputs == {"r": {"echo": {"x": 1}}}


async def test_many_resources_in_parallel(lab: Lab) -> None:
    """Independent resources are created at the same time, as many as allowed."""
    lab.program('for i in range(40): Thing(f"t{i}")')
    outcome = await lab.engine(parallel=8).up()
    assert not outcome.failed
    assert len(lab.world.read()) == 40
    assert 1 < lab.world.most_running <= 8
