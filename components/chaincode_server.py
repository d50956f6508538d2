"""The server of a chaincode for one organization: package, certificate, Deployment, Service."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Secret, Service

from components import labels, pods
from components.manifests import Manifest, metadata
from components.node import base64_of, checksum_of
from components.openings import chaincode_opening
from components.organization import Organization
from components.site import Site
from heddle.resources import Certificate, CertificateArgs, ChaincodePackage, ChaincodePackageArgs
from heddle.topology import CHAINCODE_PORT, ServerPlan


@dataclass(frozen=True, kw_only=True)
class ChaincodeServerArgs:
    """Which chaincode, for whom."""

    site: Site
    plan: ServerPlan
    label: str
    image: str
    organization: Organization


class ChaincodeServer(pulumi.ComponentResource):
    """One Deployment per package, behind one Service whose name the package carries.

    The Deployment's name ends in the package's hash while its name in the state stays: a new package makes a
    new Deployment at once, and the old one is deleted when everything else is done. The Service turns to the
    new one when that is ready; peers keep the connections they have until the new definition is committed.
    """

    package: ChaincodePackage
    """What the organization's peers install."""
    deployment: Deployment
    """What runs it."""

    def __init__(
        self, name: str, args: ChaincodeServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("heddle:fabric:ChaincodeServer", name, None, opts)
        self.package = self._package(name, args)
        short_hash = self.package.package_id.apply(package_hash)
        tls = self._certificate(name, args)
        secret = self._secret(name, args, tls)
        self.deployment = self._deployment(name, args, short_hash, tls, secret)
        self._service(name, args, short_hash)
        chaincode_opening(f"{name}-opening", args.plan, args.site, self)
        self.register_outputs({"packageId": self.package.package_id})

    def _package(self, name: str, args: ChaincodeServerArgs) -> ChaincodePackage:
        return ChaincodePackage(
            f"{name}-package",
            ChaincodePackageArgs(
                label=args.label,
                address=args.plan.address,
                tls_root_certificate=args.organization.tls_ca.certificate,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _certificate(self, name: str, args: ChaincodeServerArgs) -> Certificate:
        authority = args.organization.tls_ca
        return Certificate(
            f"{name}-tls",
            CertificateArgs(
                authority_certificate=authority.certificate,
                authority_private_key=authority.private_key,
                common_name=args.plan.name,
                organization=args.plan.organization,
                hosts=(args.plan.host, args.plan.name),
                usage="tls",
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _secret(self, name: str, args: ChaincodeServerArgs, tls: Certificate) -> Secret:
        files = {"server.crt": tls.certificate, "server.key": tls.private_key}
        return Secret(
            f"{name}-secret",
            metadata=metadata(args.plan.name, args.site.namespace, _labels(args)),
            type="Opaque",
            data={key: content.apply(base64_of) for key, content in files.items()},
            opts=args.site.options(self),
        )

    def _deployment(
        self,
        name: str,
        args: ChaincodeServerArgs,
        short_hash: pulumi.Output[str],
        tls: Certificate,
        secret: Secret,
    ) -> Deployment:
        pod_labels: dict[str, pulumi.Input[str]] = {**_labels(args), labels.PACKAGE: short_hash}
        selector = {labels.INSTANCE: args.site.instance, labels.CHAINCODE: args.plan.name}
        spec: Manifest = {
            "replicas": 1,
            "selector": {"matchLabels": {**selector, labels.PACKAGE: short_hash}},
            "template": pods.chaincode_pod(
                pod_labels=pod_labels,
                image=args.image,
                package_id=self.package.package_id,
                secret=args.plan.name,
                checksum=checksum_of({"server.crt": tls.certificate, "server.key": tls.private_key}),
            ),
        }
        object_name = short_hash.apply(lambda suffix: f"{args.plan.name}-{suffix}")
        return Deployment(
            f"{name}-deployment",
            metadata=metadata(object_name, args.site.namespace, pod_labels),
            spec=spec,
            opts=args.site.options(self, after=[secret]),
        )

    def _service(self, name: str, args: ChaincodeServerArgs, short_hash: pulumi.Output[str]) -> None:
        selector = {labels.INSTANCE: args.site.instance, labels.CHAINCODE: args.plan.name}
        port = {"name": "chaincode", "port": CHAINCODE_PORT, "targetPort": "chaincode", "protocol": "TCP"}
        spec: Manifest = {
            "type": "ClusterIP",
            "selector": {**selector, labels.PACKAGE: short_hash},
            "ports": [port],
        }
        Service(
            f"{name}-service",
            metadata=metadata(args.plan.name, args.site.namespace, _labels(args), labels.SKIP_AWAIT),
            spec=spec,
            opts=args.site.options(self, after=[self.deployment]),
        )


def package_hash(package_id: str) -> str:
    """The start of the hash in a package id (`label:hash`): it tells packages of one chaincode apart."""
    return package_id.rpartition(":")[2][:10]


def _labels(args: ChaincodeServerArgs) -> dict[str, str]:
    return {
        **labels.common(args.site.instance),
        labels.NAME: "chaincode",
        labels.CHAINCODE: args.plan.name,
        labels.ORGANIZATION: args.plan.organization,
    }
