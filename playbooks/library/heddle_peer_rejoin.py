#!/usr/bin/python
"""Take one step of bringing a peer back; each looks first and does only what is missing."""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.runbooks.modules import PEER, Scene, run_module
from heddle.runbooks.rejoin import Rejoining
from heddle.text import counted


async def act(scene: Scene) -> dict[str, Any]:
    """Return `changed`, and as `lines` what was done."""
    rejoining = Rejoining(
        scene.context.network, scene.connections, scene.peer, patience=scene.parameters["patience"]
    )
    match scene.parameters["step"]:
        case "channels":
            joined = await rejoining.join()
            done = [f"joined {name}" for name in joined.channels]
            lines = [*done, *joined.unopened.values()]
            return {"changed": bool(done), "lines": lines, "unopened": list(joined.unopened)}
        case "packages":
            done = [f"installed {label}" for label in await rejoining.install(scene.context.packages)]
        case "approvals":
            known = await rejoining.know_approvals(scene.context.approvals)
            return {"lines": [f"knows the approval of {name}" for name in known]}
        case _:
            heights = await rejoining.catch_up()
            return {"lines": [f"{name}: {counted(height, 'block')}" for name, height in heights.items()]}
    return {"changed": bool(done), "lines": done}


if __name__ == "__main__":
    steps = ["channels", "packages", "blocks", "approvals"]
    module = AnsibleModule(
        argument_spec={
            **PEER,
            "step": {"choices": steps, "required": True},
            "patience": {"type": "int", "default": 300},
        },
    )
    run_module(module, act)
