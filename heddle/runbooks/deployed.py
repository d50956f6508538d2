"""What a stack's state says was deployed, beyond its output `instance`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from heddle.plugin.values import strip_secrets
from heddle.runbooks.context import Approval, Package
from heddle.state.resource import Resource

__all__ = ["approvals_of", "namespaces_of", "packages_of"]

_INSTALLATION = "heddle:chaincode:ChaincodeInstallation"
_APPROVAL = "heddle:chaincode:ChaincodeApproval"
_NAMESPACE = "kubernetes:core/v1:Namespace"
_INSTANCE = "app.kubernetes.io/instance"


def packages_of(resources: Iterable[Resource]) -> tuple[Package, ...]:
    """The packages that are installed on peers."""
    return tuple(
        Package(
            peer=inputs["peer"]["name"],
            label=inputs["label"],
            package_id=inputs["packageId"],
            content=inputs["package"],
        )
        for inputs in _inputs(resources, _INSTALLATION)
    )


def approvals_of(resources: Iterable[Resource]) -> tuple[Approval, ...]:
    """The definitions that organizations have approved."""
    return tuple(
        Approval(
            msp_id=inputs["signer"]["mspId"],
            channel=inputs["channel"],
            name=inputs["name"],
            package_id=inputs["packageId"],
        )
        for inputs in _inputs(resources, _APPROVAL)
    )


def _inputs(resources: Iterable[Resource], kind: str) -> Iterator[Any]:
    return (strip_secrets(one.inputs) for one in resources if one.type == kind and not one.delete)


def namespaces_of(state: Path) -> dict[str, str]:
    """The namespaces that any stack of a file backend has, each with its instance's name.

    Read without any passphrase: names are no secrets. A checkpoint that cannot be read is no proof that its
    stack is gone, so it raises OSError or ValueError.

    Args:
        state: the folder of the stacks, `.pulumi/stacks`.
    """
    found: dict[str, str] = {}
    for path in sorted(state.rglob("*.json*")):
        if path.name.endswith((".bak", ".attrs", ".tmp")):
            continue
        if path.suffix != ".json":
            raise ValueError(f"{path} is compressed: it cannot be told which namespaces its stack has")
        latest = json.loads(path.read_text(encoding="utf-8")).get("checkpoint", {}).get("latest") or {}
        for resource in latest.get("resources") or []:
            if resource.get("type") == _NAMESPACE:
                metadata = resource["inputs"]["metadata"]
                found[metadata["name"]] = (metadata.get("labels") or {}).get(_INSTANCE, "")
    return found
