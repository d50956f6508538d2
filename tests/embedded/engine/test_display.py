"""What a run looks like."""

import io

from rich.console import Console

from heddle.embedded.engine.display.lines import LineDisplay
from heddle.embedded.engine.display.properties import property_lines
from heddle.embedded.engine.display.summary import duration
from heddle.embedded.engine.display.tree import TreeDisplay
from heddle.embedded.engine.display.words import diff_note
from heddle.embedded.engine.engine import Engine
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import UNKNOWN, Secret, Value
from tests.embedded.engine.conftest import Lab

PROGRAM = """
g = Group("g")
a = Thing("a", {{"value": "{0}"}}, pulumi.ResourceOptions(parent=g))
pulumi.export("made", a.made)
pulumi.export("pin", pulumi.Output.secret("1234"))
"""


async def shown(lab: Lab, *, preview: bool) -> str:
    """Run and return what is written where there is no terminal."""
    out = io.StringIO()
    display = LineDisplay(out, header="Updating (dev)", preview=preview, stack_name="dev")
    engine = Engine(lab.folder, "dev", {"test": lab.world.factory()}, sink=display)
    display.finish(await (engine.preview() if preview else engine.up()))
    return out.getvalue()


async def test_plain_lines_in_pulumis_words(lab: Lab) -> None:
    """A preview: one line per resource, then what was said, outputs and counts; no duration, no secret."""
    lab.program(PROGRAM.format("1"))
    text = await shown(lab, preview=True)
    assert text.splitlines() == [
        "Updating (dev):",
        " +  pulumi:pulumi:Stack lab-dev create",
        " +  test:index:Group g create",
        " +  test:index:Thing a create would create a",
        "Diagnostics:",
        "  test:index:Thing (a):",
        "    would create a",
        "    with much detail",
        "",
        "Outputs:",
        '  + made: "made of 1"',
        "  + pin: [secret]",
        "",
        "Resources:",
        "    + 3 to create",
        "",
    ]


async def test_an_update_tells_what_changed(lab: Lab) -> None:
    """An up: states with durations, the changed properties, old and new outputs, what stayed."""
    lab.program(PROGRAM.format("1"))
    await lab.up()
    lab.program(PROGRAM.format("2"))
    lines = (await shown(lab, preview=False)).splitlines()
    assert " ~  test:index:Thing a updating (0s) [diff: ~value]" in lines
    assert any(line.startswith(" ~  test:index:Thing a updated (0.") for line in lines)
    assert '  ~ made: "made of 1" => "made of 2"' in lines
    assert lines[-5:-2] == ["    ~ 1 updated", "    2 unchanged", ""]
    assert lines[-2].startswith("Duration: ")


async def test_the_tree_on_a_terminal(lab: Lab) -> None:
    """Children hang under their parents; failed steps say so; unchanged resources are left out."""
    lab.program(PROGRAM.format("1") + 'Thing("kept")')
    await lab.up()
    lab.program(PROGRAM.format("2") + 'Thing("kept")\nThing("bad", {"fail": "create"})')
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    display = TreeDisplay(console, header="Updating (dev)", preview=False, stack_name="dev")
    engine = Engine(lab.folder, "dev", {"test": lab.world.factory()}, sink=display)
    display.finish(await engine.up())
    text = out.getvalue()
    assert "└─ test:index:Thing" in text
    assert "**creating failed**" in text
    assert "error: bad cannot create" in text
    assert "1 errored" in text
    assert "kept" not in text


def test_differences_of_properties() -> None:
    """Added, removed, changed, unchanged, unknown and secret values each have their sign and form."""
    old: dict[str, Value] = {"a": 1, "gone": "x", "deep": {"p": 1, "q": 2}, "pin": Secret("1"), "same": True}
    new: dict[str, Value] = {
        "a": 2,
        "deep": {"p": 1, "q": 3},
        "new": [1],
        "pin": Secret("2"),
        "same": True,
        "u": UNKNOWN,
    }
    assert list(property_lines(old, new)) == [
        "  ~ a   : 1 => 2",
        "  ~ deep: {",
        "        p: 1",
        "      ~ q: 2 => 3",
        "    }",
        '  - gone: "x"',
        "  + new : [",
        "      + [0]: 1",
        "    ]",
        "  ~ pin : [secret] => [secret]",
        "    same: true",
        "  + u   : [unknown]",
    ]


def test_short_notes() -> None:
    """Changes in a few characters, durations in whole seconds."""
    kinds = {"a.b": DiffKind.UPDATE, "c": DiffKind.ADD, "d[0]": DiffKind.ADD, "e": DiffKind.DELETE_REPLACE}
    assert diff_note(kinds) == "[diff: +c-e~a,d]"
    assert [duration(seconds) for seconds in (0.2, 12, 64, 3603)] == ["1s", "12s", "1m4s", "1h0m3s"]
