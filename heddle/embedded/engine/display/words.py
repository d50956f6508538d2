"""Choose Pulumi's words and signs for what is done.

Source: pkg/display/op.go and pkg/backend/display/progress.go of pulumi/pulumi.
"""

from collections.abc import Mapping

from heddle.embedded.engine.compare import changed_keys
from heddle.embedded.engine.events import Op, Phase
from heddle.plugin.interface import DiffKind, Severity

__all__ = ["COLOURS", "SEVERITIES", "SIGNS", "counted", "diff_note", "ended", "status"]

SIGNS = {
    Op.SAME: "  ",
    Op.CREATE: "+ ",
    Op.UPDATE: "~ ",
    Op.DELETE: "- ",
    Op.REPLACE: "+-",
    Op.CREATE_REPLACEMENT: "++",
    Op.DELETE_REPLACED: "--",
    Op.REFRESH: "~ ",
}
COLOURS = {
    Op.SAME: "",
    Op.CREATE: "green",
    Op.UPDATE: "yellow",
    Op.DELETE: "red",
    Op.REPLACE: "magenta",
    Op.CREATE_REPLACEMENT: "bright_green",
    Op.DELETE_REPLACED: "bright_red",
    Op.REFRESH: "cyan",
}
SEVERITIES = {
    Severity.DEBUG: "debug: ",
    Severity.INFO: "",
    Severity.WARNING: "warning: ",
    Severity.ERROR: "error: ",
}
_PLANNED = {
    Op.SAME: "",
    Op.CREATE: "create",
    Op.UPDATE: "update",
    Op.DELETE: "delete",
    Op.REPLACE: "replace",
    Op.CREATE_REPLACEMENT: "create replacement",
    Op.DELETE_REPLACED: "delete original",
    Op.REFRESH: "refresh",
}
_RUNNING = {
    Op.SAME: "",
    Op.CREATE: "creating",
    Op.UPDATE: "updating",
    Op.DELETE: "deleting",
    Op.REPLACE: "replacing",
    Op.CREATE_REPLACEMENT: "creating replacement",
    Op.DELETE_REPLACED: "deleting original",
    Op.REFRESH: "refreshing",
}
_FINISHED = {
    Op.SAME: "",
    Op.CREATE: "created",
    Op.UPDATE: "updated",
    Op.DELETE: "deleted",
    Op.REPLACE: "replaced",
    Op.CREATE_REPLACEMENT: "created replacement",
    Op.DELETE_REPLACED: "deleted original",
    Op.REFRESH: "refreshed",
}
_ORDER = (Op.CREATE, Op.UPDATE, Op.DELETE, Op.REPLACE)


def status(op: Op, phase: Phase, *, preview: bool, seconds: float) -> str:
    """Return the status of a row: `create`, `creating (3s)`, `created (0.82s)`, `**creating failed**`."""
    if phase is Phase.FAILED:
        return f"**{_RUNNING[op]} failed**" if _RUNNING[op] else "**failed**"
    if preview or op is Op.SAME:
        return _PLANNED[op]
    if phase is Phase.STARTED:
        return f"{_RUNNING[op]} ({int(seconds)}s)"
    return f"{_FINISHED[op]} ({seconds:.2f}s)" if seconds < 1 else f"{_FINISHED[op]} ({seconds:.0f}s)"


def ended(op: Op, phase: Phase) -> str:
    """Return how a step ended: `created`, `creating failed`; empty for a resource that stays as it is."""
    return f"{_RUNNING[op] or 'keeping'} failed" if phase is Phase.FAILED else _FINISHED[op]


def diff_note(detailed: Mapping[str, DiffKind]) -> str:
    """Return the changed properties in a few characters: `[diff: +a-b~c,d]`; nothing when there are none."""
    signs: dict[str, list[str]] = {"+": [], "-": [], "~": []}
    for key, kind in changed_keys(detailed).items():
        if kind in (DiffKind.ADD, DiffKind.ADD_REPLACE):
            signs["+"].append(key)
        elif kind in (DiffKind.DELETE, DiffKind.DELETE_REPLACE):
            signs["-"].append(key)
        else:
            signs["~"].append(key)
    text = "".join(f"{sign}{','.join(sorted(keys))}" for sign, keys in signs.items() if keys)
    return f"[diff: {text}]" if text else ""


def counted(counts: Mapping[Op, int], *, preview: bool) -> list[str]:
    """Return the lines under `Resources:`."""
    words = _PLANNED if preview else _FINISHED
    lines = [
        f"{SIGNS[op]}{counts[op]} {'to ' if preview else ''}{words[op]}" for op in _ORDER if counts.get(op)
    ]
    changes = sum(counts.get(op, 0) for op in _ORDER)
    unchanged = f"{counts[Op.SAME]} unchanged" if counts.get(Op.SAME) else ""
    if len(lines) > 1:
        lines.append(f"{changes} changes. {unchanged}".rstrip(". ") if unchanged else f"{changes} changes")
    elif unchanged:
        lines.append(unchanged)
    return lines
