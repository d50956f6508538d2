"""An incident of chaincodes: their servers crash."""

import base64
from typing import Final

from heddle.drills.ground import Ground
from heddle.drills.load import CHAINCODE
from heddle.drills.model import ANEW, Drill, Facts

__all__ = ["SERVER_CRASHES"]

_KEY: Final = "server.key"
"""The key of a server's Secret that holds its TLS key (components.chaincode_server)."""
_NO_KEY: Final = base64.b64encode(b"no key").decode()


async def _servers(ground: Ground) -> Facts:
    return {"servers": {each.name: each.pod for each in await ground.servers(CHAINCODE)}}


async def _crash(ground: Ground, facts: Facts) -> None:
    """Overwrite each server's TLS key, and have it start anew: it ends whenever it starts."""
    for name, pod in facts["servers"].items():
        await ground.change(ground.secret(name), {"data": {_KEY: _NO_KEY}})
        await ground.delete_pod(pod)


SERVER_CRASHES = Drill(
    name="chaincode-server-crashes",
    summary="The TLS key of every server of the sample chaincode is overwritten: none starts any more.",
    alarms=("ChaincodeDoesNotStart", "EndorsementsFail", "ProposalSimulationsFail", "PodCrashes"),
    page="chaincode.md",
    choose=_servers,
    cause=_crash,
    # Kubernetes starts a container that ends only after its back-off, whatever has been mended meanwhile.
    commands=(*ANEW, ("runbook", "run", "chaincode-not-starting")),
)
