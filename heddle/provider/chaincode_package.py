"""Compute ChaincodePackage: a package for chaincode as a service."""

from base64 import b64encode
from typing import Any

from heddle.fabric.package import chaincode_package, package_id
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import UNKNOWN, Properties, has_unknown
from heddle.provider.handler import Call, Handler, Plan, Seen
from heddle.schema.chaincode import CHAINCODE_PACKAGE

__all__ = ["ChaincodePackageHandler"]


class ChaincodePackageHandler(Handler):
    """Computes packages, as `heddle.schema.chaincode` declares them."""

    declaration = CHAINCODE_PACKAGE
    identifier = "{label}"

    def verify_change(self, olds: Properties, news: Properties) -> list[CheckFailure]:
        """Refuse other metadata under the same label: one server cannot answer under two package ids.

        Peers that still run the old package would lose their server before the new one is approved.
        """
        before, after = olds.get("metadata") or {}, news.get("metadata") or {}
        if olds.get("label") != news.get("label") or has_unknown(after) or before == after:
            return []
        return [CheckFailure(property="metadata", reason=_changed(news["label"], before, after))]

    async def plan(self, call: Call) -> Plan:
        """Compute the outputs as soon as the inputs are known."""
        if has_unknown(call.inputs):
            return Plan(outputs=dict.fromkeys(CHAINCODE_PACKAGE.outputs, UNKNOWN))
        return Plan(outputs=_outputs(call))

    async def update(self, call: Call) -> Properties:
        """Compute it anew; nodes keep what they have until it is installed."""
        return _outputs(call)

    async def read(self, call: Call) -> Seen:
        """Return the package as it was made: the TLS root of now may be another one than it has."""
        return Seen(outputs={name: call.old_outputs[name] for name in CHAINCODE_PACKAGE.outputs})


def _changed(label: object, before: Any, after: Any) -> str:  # noqa: ANN401 - files by path
    files = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return (
        f"changed under the label {label}: {', '.join(files)}. Raise `version`, and `sequence` if the old "
        "version is committed: metadata is part of the package, and peers go on with the old one meanwhile."
    )


def _outputs(call: Call) -> Properties:
    inputs, label = call.inputs, call.inputs["label"]
    root = inputs["tlsRootCertificate"].encode()
    content = chaincode_package(label, inputs["address"], root, inputs.get("metadata"))
    return {"packageId": package_id(label, content), "package": b64encode(content).decode()}
