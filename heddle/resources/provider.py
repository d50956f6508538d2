"""Declare Heddle's provider, and how it reaches nodes."""

from dataclasses import dataclass

import pulumi

from heddle.resources.base import properties_of
from heddle.schema import CONFIG

__all__ = ["Provider", "ProviderArgs"]


@dataclass(frozen=True, kw_only=True)
class ProviderArgs:
    """The contents of a kubeconfig to dial through its API server; absent: nodes are dialled directly.

    `power`: `off` while the nodes are asleep, so that none of them is asked.
    """

    kubeconfig: pulumi.Input[str] | None = None
    context: pulumi.Input[str] | None = None
    power: str | None = None


class Provider(pulumi.ProviderResource):
    """Heddle's provider with its configuration. A change of it replaces nothing."""

    def __init__(
        self,
        resource_name: str,
        args: ProviderArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("heddle", resource_name, properties_of(args or ProviderArgs(), CONFIG), opts)
