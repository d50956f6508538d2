"""Make Ansible's inventory of a network: every node a host, all acted on from this machine. Pure."""

from pathlib import Path
from typing import Any

from heddle.network.instance import InstanceOutput

__all__ = ["inventory_of"]


def inventory_of(stack: str, instance: InstanceOutput | None, *, folder: Path, python: str) -> dict[str, Any]:
    """Return the inventory as Ansible's YAML inventories have it: groups `peers`, `orderers` and `control`.

    `instance` is None for a stack without a network, `python` the interpreter that has Heddle installed.
    """
    variables: dict[str, Any] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": python,
        "heddle_stack": stack,
        "heddle_folder": str(folder.absolute()),
    }
    groups: dict[str, Any] = {"control": {"hosts": {"localhost": {}}}}
    if instance is not None:
        variables["heddle_namespace"] = instance.namespace
        for group, nodes in (("peers", instance.peers), ("orderers", instance.orderers)):
            channels = {node.name: [each.name for each in instance.channels_of(node.name)] for node in nodes}
            groups[group] = {
                "hosts": {name: {"heddle_channels": joined} for name, joined in channels.items()}
            }
    return {"all": {"vars": variables, "children": groups}}
