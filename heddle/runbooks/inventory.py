"""Ansible's inventory of a network: every node a host, all of them acted on from this machine. Pure."""

from pathlib import Path
from typing import Any

from heddle.network.instance import InstanceOutput, NodeOutput

__all__ = ["inventory_of"]


def inventory_of(stack: str, instance: InstanceOutput | None, *, folder: Path, python: str) -> dict[str, Any]:
    """Return the inventory as Ansible's YAML inventories have it: groups `peers`, `orderers` and `control`.

    Args:
        stack: the stack's name.
        instance: its network, None if it has none.
        folder: where its Pulumi.yaml is.
        python: the interpreter that has Heddle installed.

    Nothing in it is secret.
    """
    variables: dict[str, Any] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": python,
        "heddle_stack": stack,
        "heddle_folder": str(folder.absolute()),
    }
    groups: dict[str, Any] = {"control": {"hosts": {"localhost": {}}}}
    if instance is not None:
        variables |= {"heddle_instance": instance.name, "heddle_namespace": instance.namespace}
        for group, nodes in (("peers", instance.peers), ("orderers", instance.orderers)):
            groups[group] = {"hosts": {node.name: _variables(instance, node) for node in nodes}}
    return {"all": {"vars": variables, "children": groups}}


def _variables(instance: InstanceOutput, node: NodeOutput) -> dict[str, Any]:
    """Return the variables of a node that playbooks may use."""
    return {
        "heddle_organization": node.organization,
        "heddle_msp_id": node.msp_id,
        "heddle_address": f"{node.host}:{node.port}",
        "heddle_pod": node.pod,
        "heddle_channels": [
            channel.name for channel in instance.channels.values() if node.name in channel.peers
        ],
    }
