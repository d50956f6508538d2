"""Run a peer or an orderer: its certificates, its files and its StatefulSet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, PersistentVolumeClaim, Secret, Service

from components import labels, pods
from components.addresses import node_address
from components.checksums import base64_of, checksum_of, sha256_of
from components.couchdb import Couchdb
from components.manifests import Manifest, metadata
from components.operations import Operations
from components.organization import Organization
from components.site import Site
from heddle.render import msp_config_yaml
from heddle.resources import Certificate, ClientTls, Identity, Node, Power
from heddle.topology import NodePlan, OrganizationPlan


@dataclass(frozen=True, kw_only=True)
class FabricNodeArgs:
    """A node, its organization's authorities, and what Kubernetes already holds for it."""

    site: Site
    plan: NodePlan
    organization: Organization
    image: str
    config: str
    """Text of its core.yaml or orderer.yaml."""
    claim: PersistentVolumeClaim
    service: Service
    operations_authority: pulumi.Input[str]
    """The root, PEM, of the clients that its operations endpoint lets in."""
    database: Couchdb | None = None
    """The peer's state database; None = LevelDB."""
    tls_rekey_refusal: str = ""
    """Why its TLS key must not be made anew; empty if it may be."""


@dataclass(frozen=True, kw_only=True)
class NodeSetArgs:
    """Which nodes of an organization, whose they are, and what Kubernetes holds for each, by its name."""

    site: Site
    plan: OrganizationPlan
    organization: Organization
    claims: Mapping[str, PersistentVolumeClaim]
    """Claims of the nodes, and of peers' databases."""
    services: Mapping[str, Service]
    operations: Operations

    def node(
        self, plan: NodePlan, config: str, *, database: Couchdb | None = None, tls_rekey_refusal: str = ""
    ) -> FabricNodeArgs:
        """Return what one of the nodes is made of."""
        return FabricNodeArgs(
            site=self.site,
            plan=plan,
            organization=self.organization,
            image=plan.image,
            config=config,
            claim=self.claims[plan.name],
            service=self.services[plan.name],
            operations_authority=self.operations.authority,
            database=database,
            tls_rekey_refusal=tls_rekey_refusal,
        )


class FabricNode(pulumi.ComponentResource):
    """A StatefulSet of one replica with its ConfigMap and Secret.

    Its certificates are issued at once; `store` declares its files, when it is known what the organization
    revokes, and `start` what runs. A changed file changes the template's checksum, not the running pod
    (`OnDelete`): a Rollout restarts the nodes of a set one at a time.
    """

    statefulset: StatefulSet
    """The StatefulSet that runs the node."""
    address: Node
    """The name, port and roots by which the ledger's resources reach the node."""
    tls_certificate: pulumi.Output[str]
    """The TLS certificate, PEM, by which Raft knows a consenter."""
    tls_identity: ClientTls
    """The TLS certificate and its key: what the node shows when it calls others."""
    identity_certificate: pulumi.Output[str]
    """The enrolment certificate, PEM, by which BFT knows a consenter."""
    identity: Identity
    """The enrolment certificate with its key: what the node signs with."""
    stored: list[pulumi.Resource]
    """Its files, which are there before anything wakes."""
    revision: pulumi.Output[str]
    """Checksum of its pod template, files included, and of its database's."""
    database: Couchdb | None
    """The peer's state database; None = LevelDB."""

    def __init__(self, name: str, args: FabricNodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:fabric:Node", name, None, opts)
        self._name, self._args, issue = name, args, args.organization.issue
        self.database = args.database
        # Not the host: a common name has 64 characters at most, and names are verified by the hosts.
        common_name, hosts = args.plan.name, args.plan.tls_hosts
        holder = tls_holder(args.plan, bft=args.site.topology.bft is not None)
        self._identity = issue(
            f"{name}-identity",
            self,
            holder=common_name,
            common_name=common_name,
            usage="identity",
            units=(args.plan.kind,),
            hosts=(),
            # Of BFT both keys are made anew with one number.
            rekey_refusal=args.tls_rekey_refusal if holder == common_name else "",
        )
        self._tls = issue(
            f"{name}-tls",
            self,
            holder=holder,
            renewed_with=common_name,
            common_name=common_name,
            usage="tls",
            units=(),
            hosts=hosts,
            rekey_refusal=args.tls_rekey_refusal,
        )
        self.tls_certificate, self.identity_certificate = self._tls.certificate, self._identity.certificate
        self.tls_identity = {"certificate": self._tls.certificate, "privateKey": self._tls.private_key}
        self.identity = {
            "mspId": args.plan.msp_id,
            "certificate": self._identity.certificate,
            "privateKey": self._identity.private_key,
        }
        self.address = node_address(args.plan, args.organization.authorities.tls.every)

    def store(self) -> None:
        """Declare the files; once, after the organization's `revoke`."""
        name, args = self._name, self._args
        settings = {pods.config_file(args.plan): args.config, "msp-config.yaml": msp_config_yaml()}
        secrets = _secret_files(args, self._identity, self._tls)
        self._files = _checksum(settings, secrets, args.database)
        password = [args.database.secret] if args.database else []
        self.stored = [self._config_map(name, args, settings), self._secret(name, args, secrets), *password]

    def start(self, power: Power) -> None:
        """Declare the StatefulSet, and its database's; once, after `store`."""
        if self._args.database is not None:
            self._args.database.start(power)
        self.statefulset = self._statefulset(self._name, self._args, self._files, [*self.stored, power])
        self.revision = _revision(self._args, self._files)
        self.register_outputs({"revision": self.revision})

    def _config_map(self, name: str, args: FabricNodeArgs, files: Mapping[str, str]) -> ConfigMap:
        return ConfigMap(f"{name}-config", metadata=_metadata(args), data=files, opts=args.site.options(self))

    def _secret(self, name: str, args: FabricNodeArgs, files: Mapping[str, pulumi.Output[str]]) -> Secret:
        return Secret(
            f"{name}-secret",
            metadata=_metadata(args),
            type="Opaque",
            data={key: content.apply(base64_of) for key, content in files.items()},
            opts=args.site.options(self),
        )

    def _statefulset(
        self, name: str, args: FabricNodeArgs, checksum: pulumi.Output[str], stored: Sequence[pulumi.Resource]
    ) -> StatefulSet:
        return StatefulSet(
            f"{name}-statefulset",
            # The Rollout waits, with evidence. Waiting here too would block the very change that heals a
            # broken pod: with OnDelete the old one stays until the Rollout replaces it.
            metadata=_metadata(args, labels.SKIP_AWAIT),
            spec=pods.one_replica(args.plan, args.site, _pod(args, checksum)),
            opts=args.site.options(self, after=[*stored, args.claim, args.service, *_database(args)]),
        )


def tls_holder(node: NodePlan, *, bft: bool) -> str:
    """Return the name by which `certificates.rekey` makes a new TLS key for a node.

    Raft's channels know an orderer by its TLS key alone, so that one has a number of its own. BFT's know it
    by the key of its enrolment and note its TLS certificate beside, so one number is for both.
    """
    return f"{node.name}-tls" if node.kind == "orderer" and not bft else node.name


def _secret_files(
    args: FabricNodeArgs, identity: Certificate, tls: Certificate
) -> dict[str, pulumi.Output[str]]:
    """Return the content of each key of pods.SECRET_FILES, and of the further ones."""
    authorities = args.organization.authorities
    tls_trusted = [*authorities.tls.root_list(), *authorities.tls.intermediate_list()]
    return {
        "msp-ca.pem": authorities.identities.root_list()[0],
        "msp-tlsca.pem": tls_trusted[0],
        "msp-cert.pem": identity.certificate,
        "msp-key.pem": identity.private_key,
        "tls-server.crt": authorities.presented(tls.certificate),
        "tls-server.key": tls.private_key,
        "tls-ca.crt": pulumi.Output.concat(*tls_trusted),
        "operations-ca.pem": pulumi.Output.from_input(args.operations_authority),
        **{key: content for key, (_, content) in _further_files(args.organization).items()},
    }


def _further_files(organization: Organization) -> dict[str, tuple[str, pulumi.Output[str]]]:
    """Return path and content of more keys of the Secret: further authorities, revocation lists.

    Fabric reads the first certificate alone of each file of an MSP.
    """
    authorities, files = organization.authorities, dict[str, tuple[str, pulumi.Output[str]]]()
    for kind, folder, trusted in (("ca", "", authorities.identities), ("tlsca", "tls", authorities.tls)):
        for number, root in enumerate(trusted.root_list(), 1):
            if number > 1:
                files[f"msp-{kind}-{number}.pem"] = (f"msp/{folder}cacerts/{kind}-{number}.pem", root)
        for number, certificate in enumerate(trusted.intermediate_list(), 1):
            path = f"msp/{folder}intermediatecerts/{kind}-{number}.pem"
            files[f"msp-{kind}-below-{number}.pem"] = (path, certificate)
    for number, each in enumerate(organization.revocations, 1):
        suffix = "" if number == 1 else f"-{number}"
        files[f"msp-crl{suffix}.pem"] = (f"msp/crls/crl{suffix}.pem", each.revocation_list)
    return files


def _metadata(args: FabricNodeArgs, annotations: Mapping[str, str] | None = None) -> Manifest:
    own = labels.of_node(args.site.instance, args.plan)
    return metadata(args.plan.name, args.site.namespace, own, annotations)


def _pod(args: FabricNodeArgs, checksum: pulumi.Input[str]) -> Manifest:
    further = {key: path for key, (path, _) in _further_files(args.organization).items()}
    return pods.node_pod(args.plan, site=args.site, image=args.image, checksum=checksum, further=further)


def _checksum(
    settings: Mapping[str, str], secrets: Mapping[str, pulumi.Output[str]], database: Couchdb | None
) -> pulumi.Output[str]:
    """Return the checksum of all that the pod mounts or is told."""
    password = {"couchdb": database.checksum} if database else {}
    return checksum_of({**settings, **secrets, **password})


def _revision(args: FabricNodeArgs, checksum: pulumi.Output[str]) -> pulumi.Output[str]:
    own = checksum.apply(lambda files: sha256_of(_pod(args, files)))
    if args.database is None:
        return own
    return pulumi.Output.all(own, args.database.revision).apply(sha256_of)


def _database(args: FabricNodeArgs) -> list[pulumi.Resource]:
    """Return what must exist before a peer is started."""
    return [args.database.statefulset] if args.database else []
