"""ChaincodePackage: a package for chaincode as a service, computed."""

from base64 import b64encode

from heddle.fabric.package import chaincode_package, package_id
from heddle.plugin.values import UNKNOWN, Properties, has_unknown
from heddle.provider.handler import Call, Handler, Plan, Seen
from heddle.schema.chaincode import CHAINCODE_PACKAGE

__all__ = ["ChaincodePackageHandler"]


class ChaincodePackageHandler(Handler):
    """Computes packages, as `heddle.schema.chaincode` declares them."""

    declaration = CHAINCODE_PACKAGE
    identifier = "{label}"

    async def plan(self, call: Call) -> Plan:
        """Compute the outputs as soon as the inputs are known."""
        if has_unknown(call.inputs):
            return Plan(outputs=dict.fromkeys(CHAINCODE_PACKAGE.outputs, UNKNOWN))
        return Plan(outputs=_outputs(call))

    async def update(self, call: Call) -> Properties:
        """Compute it anew; nodes keep what they have until it is installed."""
        return _outputs(call)

    async def read(self, call: Call) -> Seen:
        """Compute the outputs of the inputs."""
        return Seen(outputs=_outputs(call))


def _outputs(call: Call) -> Properties:
    label = call.inputs["label"]
    content = chaincode_package(label, call.inputs["address"], call.inputs["tlsRootCertificate"].encode())
    return {"packageId": package_id(label, content), "package": b64encode(content).decode()}
