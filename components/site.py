"""Describe the place that all parts of an instance are made in: its namespace, and its plan."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace

from heddle.spec import Instance
from heddle.topology import Topology


@dataclass(frozen=True, kw_only=True)
class Site:
    """The instance, laid out, and its namespace."""

    spec: Instance
    """The settings of the stack file."""
    topology: Topology
    """All names, addresses and ports of the instance."""
    place: Namespace
    """The Namespace that all of the instance's objects are made in."""

    @property
    def instance(self) -> str:
        """Return the name of the instance."""
        return self.topology.instance

    @property
    def namespace(self) -> str:
        """Return the name of the namespace."""
        return self.topology.namespace

    @property
    def protect(self) -> bool:
        """Return whether the namespace, authorities, channels and the nodes' data must not be deleted."""
        return not self.spec.disposable

    def options(
        self,
        parent: pulumi.Resource,
        *,
        after: Sequence[pulumi.Resource] = (),
        retain: bool | None = None,
    ) -> pulumi.ResourceOptions:
        """Return the options of an object in the namespace, made after it; `retain` it when it is deleted.

        In a disposable instance it goes with the namespace and is not deleted by itself. A namespace that is
        protected or kept stays, so there every object is deleted by itself: if forgotten, it would live on.
        """
        stays = self.protect or self.spec.keeps_namespace
        return pulumi.ResourceOptions(
            parent=parent,
            depends_on=[self.place, *after],
            deleted_with=None if stays else self.place,
            retain_on_delete=retain,
        )
