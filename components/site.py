"""Describe the place that all parts of an instance are made in: its namespace, and terms that they share."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace

from heddle.spec.cluster import Certificates


@dataclass(frozen=True, kw_only=True)
class Site:
    """The instance and its namespace."""

    instance: str
    """Name of the instance."""
    namespace: str
    """Name of the namespace."""
    place: Namespace
    """The Namespace that all of the instance's objects are made in."""
    public: bool
    """Clients outside the cluster may connect to nodes."""
    protect: bool
    """Claims, authorities and channels must not be deleted."""
    certificates: Certificates
    """How long certificates last, and how often they were renewed."""
    pull_secrets: tuple[str, ...] = ()
    """Names of Secrets with which images are pulled."""

    def options(
        self,
        parent: pulumi.Resource,
        *,
        after: Sequence[pulumi.Resource] = (),
        protect: bool | None = None,
    ) -> pulumi.ResourceOptions:
        """Return options for an object in the namespace: it is made after the namespace.

        In a disposable instance it goes with the namespace and is not deleted by itself. A protected
        namespace stays, so there every object is deleted for itself: if only forgotten, it would live on.
        """
        return pulumi.ResourceOptions(
            parent=parent,
            depends_on=[self.place, *after],
            deleted_with=None if self.protect else self.place,
            protect=protect,
        )
