#!/usr/bin/python
"""Ask which other peers hold a peer's private data; where none does, its ledger must not be set aside."""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.errors import RunbookError
from heddle.runbooks.modules import PEER, Scene, run_module
from heddle.runbooks.privatedata import holdings

_SET_ASIDE = "set-aside"


async def look(scene: Scene) -> dict[str, Any]:
    """Return `remedies` that lose nothing, and as `lines` each collection with its other holders.

    Fails when no remedy is left.
    """
    found = await holdings(
        scene.context.network, scene.connections, scene.peer, trusted=scene.parameters["other_holders"]
    )
    lines = [one.words() for one in found] or ["no collection has data on this peer"]
    remedies = scene.parameters["remedies"]
    alone = [one for one in found if not one.others]
    if not alone:
        return {"remedies": remedies, "lines": lines}
    milder = [each for each in remedies if each != _SET_ASIDE]
    if milder:
        return {"remedies": milder, "lines": [*lines, "so its ledger will not be set aside"]}
    raise RunbookError(
        f"{scene.peer.name}: private data would be lost, so nothing was changed\n  "
        + "\n  ".join(one.words() for one in alone),
        hint="Bring another member's peer up and level first, or restore this volume from a backup. If peers "
        "of another stack hold the data: -e other_holders=MSPID,…",
    )


if __name__ == "__main__":
    options = {
        **PEER,
        "other_holders": {"type": "list", "elements": "str", "default": []},
        "remedies": {"type": "list", "elements": "str", "required": True},
    }
    run_module(AnsibleModule(argument_spec=options, supports_check_mode=True), look)
