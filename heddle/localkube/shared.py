"""What all clusters of a machine share: two kernel settings and the mount points for `Layout.bindings`.

The first cluster makes it, the last one that goes undoes it; `machine.json` says what there is to undo.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

from heddle.localkube.layout import Layout
from heddle.localkube.record import records, waiting_lock, write_json

__all__ = ["prepare_machine", "restore_machine"]

_AT_LEAST = {
    # Pods reach the world through the machine.
    "/proc/sys/net/ipv4/ip_forward": 1,
    # A cluster uses some 25; of the kernel's default of 128, the fifth cluster finds none left.
    "/proc/sys/fs/inotify/max_user_instances": 8192,
}


def prepare_machine(layout: Layout) -> None:
    """Make what is missing, and note it first."""
    clusters = layout.folder.parent
    with waiting_lock(clusters / ".machine.lock"):
        state = _read(clusters)
        for point in layout.bindings:
            new = [str(p) for p in (point, *point.parents) if not p.exists()]
            state["made"] += [path for path in new if path not in state["made"]]
        for setting, least in _AT_LEAST.items():
            if int(before := Path(setting).read_text()) < least:
                state["settings"].setdefault(setting, before.strip())
        write_json(clusters / "machine.json", state)
        for point in layout.bindings:
            point.mkdir(parents=True, exist_ok=True)
        for setting in state["settings"]:
            Path(setting).write_text(str(_AT_LEAST[setting]))


def restore_machine(layout: Layout) -> None:
    """Undo it, if no other cluster runs: removing a mount point would pull the mount from under it."""
    clusters = layout.folder.parent
    with waiting_lock(clusters / ".machine.lock"):
        if any(record.running for record in records(clusters) if record.name != layout.name):
            return
        state = _read(clusters)
        for path in sorted(state["made"], key=len, reverse=True):
            with contextlib.suppress(OSError):  # someone else's things are in it by now
                Path(path).rmdir()
        for setting, before in state["settings"].items():
            Path(setting).write_text(before)
        (clusters / "machine.json").unlink(missing_ok=True)


def _read(clusters: Path) -> dict[str, Any]:
    """`made`: paths of folders; `settings`: path and former value of kernel settings."""
    try:
        state = json.loads((clusters / "machine.json").read_text())
        return {"made": list(state["made"]), "settings": dict(state["settings"])}
    except (FileNotFoundError, ValueError, KeyError):
        return {"made": [], "settings": {}}
