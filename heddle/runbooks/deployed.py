"""Read from a stack's state what was deployed, for the runs of runbooks."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from heddle import config
from heddle.errors import EngineError
from heddle.network.network import network_of
from heddle.plugin.values import strip_secrets
from heddle.runbooks.context import Approval, Context, Package
from heddle.state.outputs import stack_resource
from heddle.state.resource import Resource
from heddle.state.stack import Stack

__all__ = ["context_of", "namespaces_of"]

_INSTALLATION = "heddle:chaincode:ChaincodeInstallation"
_APPROVAL = "heddle:chaincode:ChaincodeApproval"
_NAMESPACE = "kubernetes:core/v1:Namespace"
_CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
_WORKLOADS = ("kubernetes:apps/v1:StatefulSet", "kubernetes:apps/v1:Deployment")
_INSTANCE = "app.kubernetes.io/instance"


def context_of(stack: Stack) -> Context:
    """Return what a run is told of a stack; of its cluster alone when it has no network (any more).

    Raises EngineError when the state of any stack of the backend cannot be read.
    """
    root = stack_resource(stack.resources)
    network = network_of(stack.name, root.outputs) if root and "instance" in root.outputs else None
    # A destroyed stack has no output: the cluster is the one that the stack file names.
    cluster = (
        network.access
        if network
        else config.read_values(stack.name, stack.config.values, stack.config.secret_keys).cluster
    )
    state = stack.backend.checkpoint.parents[1]
    try:
        namespaces = namespaces_of(state)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"the stacks in {state} cannot be read: {error}",
            hint="Which instances live must be known: mend that checkpoint, or move it away.",
        ) from error
    return Context(
        stack=stack.name,
        kubeconfig=cluster.kubeconfig,
        deployed=network,
        packages=tuple(map(_package, _inputs(stack.resources, _INSTALLATION))),
        approvals=tuple(map(_approval, _inputs(stack.resources, _APPROVAL))),
        namespaces=namespaces,
        claims=tuple(inputs["metadata"]["name"] for inputs in _inputs(_all(stack), _CLAIM)),
        images={
            inputs["metadata"]["name"]: inputs["spec"]["template"]["spec"]["containers"][0]["image"]
            for kind in _WORKLOADS
            for inputs in _inputs(stack.resources, kind)
        },
    )


def _package(inputs: Mapping[str, Any]) -> Package:
    return Package(
        peer=inputs["peer"]["name"],
        label=inputs["label"],
        package_id=inputs["packageId"],
        content=inputs["package"],
    )


def _approval(inputs: Mapping[str, Any]) -> Approval:
    return Approval(
        msp_id=inputs["signer"]["mspId"],
        channel=inputs["channel"],
        name=inputs["name"],
        package_id=inputs["packageId"],
    )


def _all(stack: Stack) -> Iterator[Resource]:
    """Yield the resources of a stack, with those that a killed run was creating: they may be there."""
    yield from stack.resources
    yield from (operation.resource for operation in stack.interrupted)


def _inputs(resources: Iterable[Resource], kind: str) -> Iterator[Any]:
    return (strip_secrets(each.inputs) for each in resources if each.type == kind and not each.delete)


def namespaces_of(state: Path) -> dict[str, str]:
    """Return the namespaces that any stack in `.pulumi/stacks` has, each with its instance's name.

    Read without any passphrase: names are no secrets. A checkpoint that cannot be read is no proof that its
    stack is gone, so it raises OSError or ValueError.
    """
    found: dict[str, str] = {}
    for path in sorted(state.rglob("*.json*")):
        if path.name.endswith((".bak", ".attrs", ".tmp")):
            continue
        if path.suffix != ".json":
            raise ValueError(f"{path} is compressed: it cannot be told which namespaces its stack has")
        latest = json.loads(path.read_text(encoding="utf-8")).get("checkpoint", {}).get("latest") or {}
        # What a killed run was making may be there: the next `up` takes it up again.
        pending = (each["resource"] for each in latest.get("pending_operations") or [])
        for resource in (*(latest.get("resources") or []), *pending):
            if resource.get("type") == _NAMESPACE:
                metadata = resource["inputs"]["metadata"]
                found[metadata["name"]] = (metadata.get("labels") or {}).get(_INSTANCE, "")
    return found
