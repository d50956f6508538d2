"""The live tree on terminals of several widths, and what others say in it."""

import io

import pytest
from rich.console import Console

from heddle.embedded.engine.display.lines import LineDisplay
from heddle.embedded.engine.display.tree import TreeDisplay
from heddle.embedded.engine.engine import Outcome
from heddle.embedded.engine.events import Message, Op, Phase, Step
from heddle.plugin.interface import DiffKind, Severity
from heddle.state.resource import Resource

PLAN = "channel orders: 3 steps: add organization org3, raise the batch to 500 messages, set anchor peers"
KINDS = {
    "fabric-dev": "pulumi:pulumi:Stack",
    "dev": "heddle:fabric:Network",
    "dev-orderers": "heddle:fabric:OrdererSet",
    "dev-orderers-orderer1-orderer-statefulset": "kubernetes:apps/v1:StatefulSet",
    "dev-orderers-network-policy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "dev-orders": "heddle:ledger:Channel",
}
PARENTS = dict(
    zip(list(KINDS)[1:], ["fabric-dev", "dev", "dev-orderers", "dev-orderers", "dev"], strict=True)
)


def resources() -> dict[str, Resource]:
    made: dict[str, Resource] = {}
    for name, kind in KINDS.items():
        parent = made[PARENTS[name]].urn if name in PARENTS else ""
        urn = f"urn:pulumi:dev::fabric::{kind}::{name}"
        made[name] = Resource(urn=urn, type=kind, custom=True, parent=parent)
    return made


def drawn(width: int, *messages: Message) -> str:
    """Return what is left on a terminal after a preview of six resources, a long plan among them."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, height=60, color_system=None)
    display = TreeDisplay(console, header="Previewing update (dev)", preview=True, stack_name="dev")
    all_ = resources()
    for resource in all_.values():
        changes = {"settings.batch": DiffKind.UPDATE}
        display(
            Step(
                op=Op.UPDATE, phase=Phase.DONE, urn=resource.urn, old=resource, new=resource, detailed=changes
            )
        )
    for message in messages or (Message(severity=Severity.INFO, text=PLAN, urn=all_["dev-orders"].urn),):
        display(message)
    display.finish(Outcome(failed=False, cancelled=False, counts={}))
    return out.getvalue()


def tree(width: int) -> list[str]:
    """Return the tree's lines as they stand at the end."""
    lines = drawn(width).rpartition("\x1b[2K")[2].splitlines()
    return lines[: lines.index("Diagnostics:") - 1]


@pytest.mark.parametrize("width", [80, 100, 130, 200])
def test_a_long_plan_cuts_neither_types_nor_names(width: int) -> None:
    """A row still says which resource it is and what is planned; only Info gives way."""
    lines = tree(width)

    assert max(map(len, lines)) <= width
    assert lines[0].split()[:3] == ["Type", "Name", "Plan"]
    column = lines[0].index("Plan")
    for name, kind in KINDS.items():
        (line,) = (line for line in lines if f" {kind.rpartition(':')[2]} " in line.replace(":", " "))
        assert line[column : column + 6] == "update"
        if width >= 100:
            assert f" {name} " in line
    assert "…" in "".join(lines) or width == 200


@pytest.mark.parametrize(("width", "whole"), [(80, False), (99, False), (130, False), (200, True)])
def test_narrow_terminals_show_the_last_part_of_a_type(width: int, whole: bool) -> None:
    """Below 100 columns, and wherever the whole type would leave Info no room."""
    text = "\n".join(tree(width))

    assert "─ StatefulSet" in text or whole
    assert ("kubernetes:apps/v1:StatefulSet" in text) is whole


def test_a_name_too_long_for_its_column_goes_on_below() -> None:
    """Two lines say all of it, and the branches of the tree are not broken."""
    lines = tree(72)
    (index,) = (index for index, line in enumerate(lines) if "StatefulSet" in line)
    column = lines[0].index("Name")
    first, second = lines[index][column:].split()[0], lines[index + 1][column:].strip()

    assert first + second == "dev-orderers-orderer1-orderer-statefulset"
    assert first.endswith("-"), "it is divided after a sign, not within a word"
    assert "│" in lines[index + 1]


@pytest.mark.parametrize("width", [80, 100])
def test_without_room_beside_it_info_stands_beneath(width: int) -> None:
    """What changes, and the beginning of the plan, are not lost on a usual terminal."""
    lines = tree(width)
    (index,) = (index for index, line in enumerate(lines) if "Channel" in line)

    assert lines[index + 1].strip().startswith("[diff: ~settings]; channel orders: 3 steps")


def test_what_closes_a_run_is_folded_between_words() -> None:
    """A terminal would divide a name anywhere; what goes on stands further right than its line."""
    words = "peer0-organization is the only peer of OrganizationOfflineMSP on the channel deliveries"
    lines = drawn(80, Message(severity=Severity.INFO, text=words, urn=resources()["dev-orders"].urn))
    told = lines.rpartition("Diagnostics:")[2].splitlines()
    (first,) = (index for index, line in enumerate(told) if line.startswith("    peer0-organization"))

    assert max(map(len, told)) <= 80
    assert f"{told[first].strip()} {told[first + 1].strip()}" == words
    assert told[first + 1].startswith("        ")


@pytest.mark.parametrize("text", ["[/]", "[red]x[/red]", "[link=https://x]y[/link]"])
def test_words_of_others_are_no_markup(text: str) -> None:
    """A version of `[/]` is shown as it is: in Info and among the diagnostics."""
    urn = resources()["dev-orders"].urn
    assert drawn(200, Message(severity=Severity.INFO, text=text, urn=urn)).count(text) >= 2


@pytest.mark.parametrize("sign", ["\x1b[31m", "\x1b]0;title\x07", "\x9b31m", "\u202e", "\x08"])
def test_no_sign_of_others_moves_the_terminal(sign: str) -> None:
    """Escape sequences, and what turns text around, are replaced wherever they come from."""
    urn = resources()["dev-orders"].urn
    text = drawn(200, Message(severity=Severity.ERROR, text=f"before{sign}after", urn=urn))

    assert sign not in text
    assert text.count("before\N{REPLACEMENT CHARACTER}") >= 2


def test_lines_of_a_log_are_as_safe() -> None:
    """Where there is no terminal somebody may read the file on one later."""
    out = io.StringIO()
    display = LineDisplay(out, header="Updating (dev)", preview=False, stack_name="dev")
    display(Message(severity=Severity.ERROR, text="before\x1b[2Jafter", urn=resources()["dev-orders"].urn))

    assert "before\N{REPLACEMENT CHARACTER}[2Jafter" in out.getvalue()


def goes_on(text: str) -> Message:
    """Return what a channel waits for."""
    return Message(severity=Severity.INFO, text=text, urn=resources()["dev-orders"].urn, ephemeral=True)


def updating(phase: Phase) -> Step:
    channel = resources()["dev-orders"]
    return Step(op=Op.UPDATE, phase=phase, urn=channel.urn, old=channel, new=channel, detailed={})


WAITS = "orderer1-orderer restarts; waits until orderer1-orderer is level with the others: block 5 of 9 (4 s)"


@pytest.mark.parametrize("width", [80, 130])
def test_what_is_waited_for_stands_beside_its_resource_until_it_is_over(width: int) -> None:
    """One text takes the place of the other; none is left, neither in the tree nor below it."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, height=60, color_system=None)
    display = TreeDisplay(console, header="Updating (dev)", preview=False, stack_name="dev")
    display(updating(Phase.STARTED))
    display(goes_on("something before (2 s)"))
    display(goes_on(WAITS))
    console.print(display.growing())
    shown = out.getvalue()
    display(updating(Phase.DONE))
    display.finish(Outcome(failed=False, cancelled=False, counts={}))
    left = out.getvalue().rpartition("\x1b[2K")[2]

    assert WAITS in " ".join(shown.split()), "whole, folded where the terminal is narrow"
    assert max(map(len, shown.splitlines())) <= width
    assert "something before" not in shown.rpartition("Status")[2]
    assert "waits" not in left
    assert "Diagnostics" not in left


def test_a_log_has_a_line_on_what_is_waited_for_now_and_then() -> None:
    """Not one for each text: people read it."""
    out, now = io.StringIO(), [100.0]
    display = LineDisplay(out, header="Updating (dev)", preview=False, stack_name="dev", clock=lambda: now[0])
    display(updating(Phase.STARTED))
    for second in range(2, 26, 2):
        now[0] = 100.0 + second
        display(goes_on(f"waits until all are level ({second} s)"))
    display(goes_on(""))
    display(updating(Phase.DONE))

    lines = [line for line in out.getvalue().splitlines() if "waits" in line]
    assert [line.partition("level ")[2] for line in lines] == ["(10 s)", "(20 s)"]


def test_a_preview_in_a_log_has_none() -> None:
    """Its lines are the plan."""
    out = io.StringIO()
    display = LineDisplay(out, header="Previewing update (dev)", preview=True, stack_name="dev")
    display(updating(Phase.STARTED))
    display(goes_on(WAITS))
    display(updating(Phase.DONE))

    assert "waits" not in out.getvalue()
