"""Set what all clusters of a machine share: two kernel settings, mount points for `Layout.bindings`.

The first cluster makes it, the last one that goes undoes it; `machine.json` says what there is to undo.
Whether another cluster is there is seen by its network namespace, whatever folder it lives in.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.record import waiting_lock, write_json
from heddle.paths import DEFAULT_CLUSTERS

__all__ = ["prepare_machine", "restore_machine"]

_STATE = DEFAULT_CLUSTERS.parent / "machine.json"
_LOCK = DEFAULT_CLUSTERS.parent / ".machine.lock"

_AT_LEAST = {
    # Pods reach the world through the machine.
    "/proc/sys/net/ipv4/ip_forward": 1,
    # A cluster uses some 25; of the kernel's default of 128, the fifth cluster finds none left.
    "/proc/sys/fs/inotify/max_user_instances": 8192,
}


def prepare_machine(layout: Layout) -> None:
    """Make what is missing, and note it first. The cluster's network namespace must be there already."""
    with waiting_lock(_LOCK):
        state = _read()
        for point in layout.bindings:
            new = [str(p) for p in (point, *point.parents) if not p.exists()]
            state["made"] += [path for path in new if path not in state["made"]]
        for setting, least in _AT_LEAST.items():
            if int(before := Path(setting).read_text()) < least:
                state["settings"].setdefault(setting, before.strip())
        write_json(_STATE, state)
        for point in layout.bindings:
            point.mkdir(parents=True, exist_ok=True)
        for setting in state["settings"]:
            Path(setting).write_text(str(_AT_LEAST[setting]))


def restore_machine(layout: Layout) -> None:
    """Undo it, if no other cluster runs: removing a mount point would pull the mount from under it."""
    with waiting_lock(_LOCK):
        if any(path != layout.netns for path in layout.netns.parent.glob("heddle-*")):
            return
        state = _read()
        for path in sorted(state["made"], key=len, reverse=True):
            with contextlib.suppress(OSError):  # someone else's things are in it by now
                Path(path).rmdir()
        for setting, before in state["settings"].items():
            Path(setting).write_text(before)
        _STATE.unlink(missing_ok=True)


def _read() -> dict[str, Any]:
    """Return `made`, paths of folders, and `settings`, path and former value of kernel settings."""
    try:
        state = json.loads(_STATE.read_text())
        return {"made": list(state["made"]), "settings": dict(state["settings"])}
    except (FileNotFoundError, ValueError, KeyError):
        return {"made": [], "settings": {}}
