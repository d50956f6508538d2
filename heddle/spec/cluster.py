"""Describe the Kubernetes that an instance runs on, its certificates and its node images."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from heddle.spec.authorities import AuthorityGeneration
from heddle.spec.defaults import DNS_DOMAIN
from heddle.spec.kinds import Period, between
from heddle.spec.model import Section
from heddle.spec.names import Domain, SecretName
from heddle.spec.references import Image, check_registry


class Cluster(Section):
    """An existing cluster. Leave the section out for the local cluster named like the stack."""

    kubeconfig: str | None = None
    """Path of the kubeconfig file; relative ones start at the project's folder. Default: $KUBECONFIG, then
    ~/.kube/config."""
    context: str | None = None
    """Context within it. Default: its current context."""
    identifier: str | None = None
    """Name of the cluster in the state: a renewed kubeconfig replaces nothing. Default: the context."""
    pod_users: Literal["fixed", "cluster"] = "fixed"
    """Numbers of the users that pods run as: fixed by Heddle, or given by the cluster, as OpenShift does by
    namespace. The pods' images must then run as any user."""
    dns_domain: Domain = DNS_DOMAIN
    """DNS domain of the cluster, with which the names of its Services end. It is on the ledger and in
    certificates: it cannot be changed later."""
    keep_namespace: bool = False
    """The namespace stays when the stack is destroyed, and all that is in it is deleted by itself: for
    namespaces that an administrator of the cluster has made."""


class Certificates(Section):
    """Certificates of nodes, administrators and users, and their authorities, which last fifteen years."""

    renewal: Annotated[int, *between(0)] = 0
    """Raise it by one to renew every certificate with its key: nodes restart one by one, the ledger stays as
    it is. Previews warn in time."""
    renew: dict[str, Annotated[int, *between(0)]] = Field(default_factory=dict)
    """Certificates to renew with their keys, by their holder: a node's name, as peer0-org1, a person's, as
    admin@org1 and user@org1, a chaincode server's, as assets@org1, or an organization's name for all of its
    own. Raise a number by one, from 0; it stays in the file."""
    renew_before: Period | None = None
    """Time before its end from which a certificate is renewed with its key, by the next `up`: nodes restart
    one by one. Less than validityDays. Default: never by itself."""
    validity_days: Annotated[int, *between(1, 3650)] = 365
    """Days that a certificate lasts from its issue."""
    rekey: dict[str, Annotated[int, *between(0)]] = Field(default_factory=dict)
    """Keys that leaked, by their holder: a node's name, as peer0-org1, a person's, as admin@org1 and
    user@org1, or a chaincode server's, as assets@org1. An orderer of Raft has its name for its signing key,
    and its name with -tls for its TLS key; one of BFT its name for both; one orderer at a time. Raise a
    number by one, from 0, to make a new key; channels and nodes then refuse the old one, but for TLS keys. A
    number stays in the file as long as its holder does."""

    authorities: dict[str, AuthorityGeneration] = Field(default_factory=dict)
    """Generations of the authorities of organizations here, by the organization's name: to exchange them
    before they end, or after a key leaked. Default: the first."""

    operations: Annotated[int, *between(1)] = 1
    """Generation of the authority whose clients read metrics and versions of nodes. Raise it by one, in an
    edit of its own, to make another one before it ends or after its key leaked: nodes restart one by one."""

    def renewals_of(self, *names: str) -> int:
        """Return the number of renewals: that of all certificates, and those of each of these names."""
        return self.renewal + sum(self.renew.get(name, 0) for name in dict.fromkeys(names))


class Passwords(Section):
    """Passwords that Heddle makes: those of CouchDB."""

    renewal: Annotated[int, *between(0)] = 0
    """Raise it by one to make new passwords: the peers restart one by one, each with its database."""


class Images(Section):
    """Images of the nodes. Default: upstream's own of the versions that Heddle pins."""

    registry: Annotated[str, AfterValidator(check_registry)] | None = None
    """Mirror that the default images come from, as registry.example.com/mirror: it takes docker.io's
    place. Images named below are taken as they are."""
    peer: Image | None = None
    """Peer image, with a tag or digest."""
    orderer: Image | None = None
    """Orderer image, with a tag or digest."""
    couchdb: Image | None = None
    """CouchDB image, with a tag or digest."""
    prometheus: Image | None = None
    """Prometheus image, with a tag or digest."""
    alertmanager: Image | None = None
    """Alertmanager image, with a tag or digest."""
    pull_secrets: tuple[SecretName, ...] = ()
    """Names of Secrets in the namespace with the registry's credentials."""
