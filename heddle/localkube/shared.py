"""What all clusters of a machine share: packet forwarding and the mount points for `Layout.bindings`.

The first cluster makes it, the last one that goes undoes it; `machine.json` says what there is to undo.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

from heddle.localkube.layout import Layout
from heddle.localkube.network import forward_packets, restore_forwarding
from heddle.localkube.record import records, waiting_lock, write_json

__all__ = ["prepare_machine", "restore_machine"]


def prepare_machine(layout: Layout) -> None:
    """Make what is missing, and note it first."""
    clusters = layout.folder.parent
    with waiting_lock(clusters / ".machine.lock"):
        state = _read(clusters)
        made = state.setdefault("made", [])
        for point in layout.bindings:
            new = [str(p) for p in (point, *point.parents) if not p.exists()]
            made += [path for path in new if path not in made]
        write_json(clusters / "machine.json", state)
        for point in layout.bindings:
            point.mkdir(parents=True, exist_ok=True)
        if "forwarding" not in state and (before := forward_packets()) is not None:
            write_json(clusters / "machine.json", {**state, "forwarding": before})


def restore_machine(layout: Layout) -> None:
    """Undo it, if no other cluster runs: removing a mount point would pull the mount from under it."""
    clusters = layout.folder.parent
    with waiting_lock(clusters / ".machine.lock"):
        if any(record.running for record in records(clusters) if record.name != layout.name):
            return
        state = _read(clusters)
        for path in sorted(state.get("made", []), key=len, reverse=True):
            with contextlib.suppress(OSError):  # someone else's things are in it by now
                Path(path).rmdir()
        if "forwarding" in state:
            restore_forwarding(state["forwarding"])
        (clusters / "machine.json").unlink(missing_ok=True)


def _read(clusters: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads((clusters / "machine.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return state
