"""Run the playbooks' Ansible modules: the run's context, connections, and errors as answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heddle.errors import HeddleError, RunbookError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer
from heddle.kube.client import KubeClient
from heddle.network.instance import NodeOutput
from heddle.runbooks.context import Context, load_context

__all__ = ["PEER", "Scene", "run_module"]

PEER: dict[str, Any] = {"peer": {"type": "str", "required": True}}
"""The option of modules that are about one peer."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Hold the network and the options that a module acts with."""

    context: Context
    cluster: KubeClient
    connections: Connections
    parameters: Mapping[str, Any]

    @property
    def peer(self) -> NodeOutput:
        """Return the peer that the module's option names. Raises RunbookError with those there are."""
        name = self.parameters["peer"]
        peers = {each.name: each for each in self.context.network.instance.peers}
        if name not in peers:
            known = ", ".join(sorted(peers))
            raise RunbookError(f"stack {self.context.stack!r} has no peer {name!r}", hint=f"It has: {known}.")
        return peers[name]


def run_module(module: Any, act: Callable[[Scene], Awaitable[dict[str, Any]]]) -> None:  # noqa: ANN401 - Ansible ships no types
    """Do what an Ansible module does, and print the result.

    A module makes its AnsibleModule itself: by that import Ansible knows one of today's kind. `act` returns
    what the module registers; `changed` defaults to false.
    """
    try:
        result = asyncio.run(_act(module, act))
    except HeddleError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**{"changed": False, **result})


async def _act(module: Any, act: Callable[[Scene], Awaitable[dict[str, Any]]]) -> dict[str, Any]:  # noqa: ANN401 - Ansible ships no types
    context = load_context()
    async with (
        await KubeClient.open(context.kubeconfig) as cluster,
        Connections(ClusterDialer(context.kubeconfig)) as connections,
    ):
        scene = Scene(context=context, cluster=cluster, connections=connections, parameters=module.params)
        return await act(scene)
