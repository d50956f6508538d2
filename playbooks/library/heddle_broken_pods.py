#!/usr/bin/python
"""Say what is wrong with the broken pods of a namespace; leave out those that are well."""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.runbooks.brokenpods import broken_pods
from heddle.runbooks.modules import Scene, run_module


async def look(scene: Scene) -> dict[str, Any]:
    """Return as `lines` the containers, warnings and last log lines of broken pods."""
    lines = await broken_pods(scene.cluster, scene.parameters["namespace"], scene.parameters["prefix"])
    return {"lines": lines or ["every pod is well; what was waited for did not come in time"]}


if __name__ == "__main__":
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "required": True},
            "prefix": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    run_module(module, look)
