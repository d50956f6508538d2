"""Write what closes a run: diagnostics, outputs, counts, duration.

Source: pkg/backend/display/progress.go of pulumi/pulumi.
"""

from collections.abc import Iterable
from itertools import islice

from heddle.embedded.engine.display.properties import property_lines
from heddle.embedded.engine.display.rows import Row, Rows
from heddle.embedded.engine.display.words import SEVERITIES, SIGNS, counted
from heddle.embedded.engine.engine import Outcome
from heddle.embedded.engine.events import Message, Op
from heddle.plugin.values import Properties
from heddle.state.urn import ROOT_TYPE

__all__ = ["closing_lines", "duration"]

_MANY = 20
"""Lines of one output that are shown at the end of a run."""


def closing_lines(
    rows: Rows, outcome: Outcome, *, preview: bool, stack_name: str, details: bool = False
) -> list[str]:
    """Return everything below the tree; with `details` what changes of every resource."""
    lines = [line for row in rows for line in _details(row)] if details else []
    lines += _diagnostics(rows, stack_name)
    if outcome.outputs or outcome.outputs_before:
        lines += ["Outputs:", *_outputs(outcome.outputs_before, outcome.outputs, stack_name), ""]
    counts = counted(outcome.counts, preview=preview)
    if outcome.failed:
        counts.append("1 errored" if not outcome.cancelled else "cancelled")
    if counts:
        lines += ["Resources:", *(f"    {line}" for line in counts), ""]
    if not preview:
        lines += [f"Duration: {duration(outcome.seconds)}", ""]
    return lines


def _details(row: Row) -> list[str]:
    """Return a resource's inputs as they change, as `pulumi preview --diff` shows them."""
    step = row.latest
    if step is None or row.op is Op.SAME:
        return []
    old, new = step.old, step.new
    known = old or new
    changes = property_lines(
        old.inputs if old else {}, new.inputs if new else {}, indent=8, all_keys=not (old and new)
    )
    identity = [f"        [id={known.id}]"] if known is not None and known.id else []
    return [
        f"    {SIGNS[row.op]}{row.type}: ({row.op})",
        *identity,
        f"        [urn={row.urn}]",
        *(changes if new is not None else ()),
        "",
    ]


def _outputs(old: Properties, new: Properties, stack_name: str) -> list[str]:
    """Return the outputs; of long ones only what changes, or where the whole can be read."""
    lines: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        before = {key: old[key]} if key in old else {}
        after = {key: new[key]} if key in new else {}
        own = list(islice(property_lines(before, after), _MANY + 1))
        if len(own) > _MANY and before and after:
            own = list(islice(property_lines(before, after, all_keys=False), _MANY + 1))
        if len(own) > _MANY or not own:
            sign = "  " if before and after else "+ " if after else "- "
            own = [f"  {sign}{key}: … (heddle output {stack_name} {key})"]
        lines += own
    return lines


def _diagnostics(rows: Rows, stack_name: str) -> list[str]:
    """Return everything that was said, by resource; the stack's own last."""
    lines: list[str] = []
    for row in rows:
        if row.messages and row.type != ROOT_TYPE:
            lines += _said(f"{row.type} ({row.name})", row.messages)
    general = [message for row in rows if row.type == ROOT_TYPE for message in row.messages]
    if said := [*general, *rows.general]:
        lines += _said(f"{ROOT_TYPE} ({stack_name})", said)
    return ["Diagnostics:", *lines] if lines else []


def _said(title: str, messages: Iterable[Message]) -> list[str]:
    lines = [f"  {title}:"]
    for message in messages:
        text = SEVERITIES[message.severity] + message.text.rstrip()
        lines += [f"    {line}".rstrip() for line in text.splitlines()]
    return [*lines, ""]


def duration(seconds: float) -> str:
    """Return a duration in whole seconds as Pulumi writes it: `2s`, `1m4s`, `1h0m3s`."""
    whole = max(1, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return "".join([f"{hours}h" if hours else "", f"{minutes}m" if hours or minutes else "", f"{rest}s"])
