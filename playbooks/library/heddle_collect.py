#!/usr/bin/python
"""Write an archive for support, or say what it would hold. Of the instance it only reads."""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.errors import RunbookError
from heddle.runbooks.collecting import collect, contents
from heddle.runbooks.modules import Scene, run_module


async def write(scene: Scene) -> dict[str, Any]:
    """Return `lines`: what the archive holds, and what it lacks."""
    given, network = scene.parameters, scene.context.network
    to = _checked(Path(given["to"]))
    if given["only_plan"]:
        return {"lines": [f"{to} would hold", *(f"  {line}" for line in contents(network))]}
    since = time.time_ns() - given["hours"] * 3600 * 10**9
    missing = await collect(
        scene.context,
        scene.cluster,
        scene.connections,
        to,
        verdicts=given["report"],
        lines=given["verdicts"],
        since=since,
        patience=float(given["patience"]),
    )
    return {"changed": True, "lines": [f"{to} is written", *(f"  it lacks {line}" for line in missing)]}


def _checked(to: Path) -> Path:
    if not to.is_absolute():
        raise RunbookError(f"to: {to} — expected a path from the root", hint="As -e to=$PWD/support.tar.gz.")
    if to.exists():
        raise RunbookError(f"{to} is there already", hint="Name another file, with -e to=….")
    return to


if __name__ == "__main__":
    module = AnsibleModule(
        argument_spec={
            "to": {"type": "str", "required": True},
            "hours": {"type": "int", "default": 24},
            "patience": {"type": "int", "default": 20},
            "report": {"type": "dict", "required": True},
            "verdicts": {"type": "list", "elements": "str", "required": True},
            "only_plan": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    run_module(module, write)
