#!/usr/bin/python
"""Is a peer's ledger broken? Reads the cluster and the nodes; changes nothing."""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.runbooks.diagnosis import diagnose
from heddle.runbooks.modules import PEER, Scene, run_module
from heddle.runbooks.verdicts import plan_lines


async def look(scene: Scene) -> dict[str, Any]:
    """Return `diagnosis` and, as `lines`, what it means for people."""
    parameters = scene.parameters
    found = await diagnose(
        scene.context, scene.cluster, scene.connections, scene.peer, patience=parameters["patience"]
    )
    found = found.limited_to(parameters["remedy"])
    return {"diagnosis": found.plain(), "lines": plan_lines(found)}


if __name__ == "__main__":
    module = AnsibleModule(
        argument_spec={
            **PEER,
            "remedy": {"choices": ["auto", "rebuild", "refetch", "set-aside"], "default": "auto"},
            "patience": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    run_module(module, look)
