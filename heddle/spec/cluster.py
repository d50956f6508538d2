"""Which Kubernetes the instance runs on, its volumes and its node images."""

from typing import Annotated

from pydantic import Field

from heddle.spec.model import Section
from heddle.spec.quantities import Quantity


class Cluster(Section):
    """An existing cluster. Leave the section out for the local cluster named like the stack."""

    kubeconfig: str | None = None
    """Path of the kubeconfig file; relative ones start at the project's folder. Default: $KUBECONFIG, then
    ~/.kube/config."""
    context: str | None = None
    """Context within it. Default: its current context."""
    identifier: str | None = None
    """Name of the cluster in the state: a renewed kubeconfig replaces nothing. Default: the context."""


class Storage(Section):
    """Volumes of the nodes: one claim per node."""

    class_name: Annotated[str | None, Field(alias="class")] = None
    """Storage class. Default: the cluster's default class."""
    size: Quantity = "10Gi"
    """Size of each node's claim. Growing it needs a class that can; it never shrinks."""


class Certificates(Section):
    """Certificates of nodes, administrators and users. Authorities last fifteen years and are not renewed."""

    renewal: Annotated[int, Field(ge=0)] = 0
    """Raise it by one to renew every certificate with its key: nodes restart one by one, the ledger stays as
    it is. Previews warn in time."""
    validity_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """Days that a certificate lasts from its issue."""


class Images(Section):
    """Images of the nodes. Default: Hyperledger's own of the version that Heddle pins."""

    peer: str | None = None
    """Peer image, with a tag or digest."""
    orderer: str | None = None
    """Orderer image, with a tag or digest."""
