"""Install ChaincodeInstallation: a package on a peer."""

import binascii
from base64 import b64decode

from heddle.fabric.installation import install, installed
from heddle.fabric.package import package_id
from heddle.planner.operations import Operation
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties, has_unknown
from heddle.provider.checked_values import node, signer
from heddle.provider.handler import Call, Gone, Handler, Plan, Seen
from heddle.provider.lost_volumes import gone_with_volume
from heddle.schema.chaincode import CHAINCODE_INSTALLATION
from heddle.telling import waiting_until
from heddle.waiting import Deadline

__all__ = ["ChaincodeInstallationHandler"]

_DEADLINE = 120.0
_READING = 10.0


class ChaincodeInstallationHandler(Handler):
    """See `heddle.schema.chaincode`. Installing is idempotent; nothing is ever uninstalled."""

    declaration = CHAINCODE_INSTALLATION
    identifier = "{peer[name]}/{label}"
    operation = Operation.DEPLOY

    def verify(self, inputs: Properties) -> list[CheckFailure]:
        """Check that the bytes are the package that the id names: peers would know it by another id."""
        label, content, wanted = inputs["label"], inputs["package"], inputs["packageId"]
        if not isinstance(label, str) or not isinstance(content, str) or not isinstance(wanted, str):
            return []
        try:
            found = package_id(label, b64decode(content, validate=True))
        except binascii.Error as error:
            return [CheckFailure(property="package", reason=f"is not base64: {error}")]
        if found == wanted:
            return []
        reason = f"is {wanted}, but peers will call this package {found}; take both from one ChaincodePackage"
        return [CheckFailure(property="packageId", reason=reason)]

    async def plan(self, call: Call) -> Plan:
        """Tell which package goes to which peer."""
        package, peer = call.inputs["packageId"], call.inputs["peer"]
        if has_unknown(package) or has_unknown(peer):
            package = "a package known after apply"
        old = call.old_inputs.get("packageId")
        stays = f"; {old} stays installed" if old and old != package else ""
        where = peer["name"] if isinstance(peer, dict) else "a peer known after apply"
        return Plan(outputs={}, message=f"install on {where}\n{package}{stays}")

    async def update(self, call: Call) -> Properties:
        """Install, unless it is there."""
        inputs, peer = call.inputs, node(call.inputs["peer"])
        clock = Deadline(call.deadline(_DEADLINE))
        connections = self.session.connections
        await connections.wait_until_ready(peer, deadline=clock.left())
        package, who = b64decode(inputs["package"]), signer(inputs["signer"])
        with waiting_until(f"until {peer.name} has taken the package"):
            await install(connections, peer, inputs["label"], package, who, deadline=clock.left())
        return {}

    async def read(self, call: Call) -> Seen:
        """Look at the peer's packages; gone when it has no such package, or has lost its volume."""
        peer = node(call.inputs["peer"])
        who, package = signer(call.inputs["signer"]), call.inputs["packageId"]
        async with gone_with_volume(self.session, [peer], package):
            packages = await installed(self.session.connections, peer, who, deadline=_READING)
        if all(each.package_id != package for each in packages):
            raise Gone(f"{package} is not on {peer.name} any more")
        return Seen(outputs={})
