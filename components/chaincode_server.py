"""The server of a chaincode for one organization: package, certificate, Deployment, Service."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Secret, Service

from components import labels
from components.chaincode_pods import AUTHORITY, CERTIFICATE, KEY, chaincode_pod, environment
from components.checksums import base64_of, checksum_of
from components.manifests import Manifest, metadata
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
    language: str
    """python, go, node or java."""
    environment: Mapping[str, str]
    """Variables of the stack file."""
    organization: Organization


class ChaincodeServer(pulumi.ComponentResource):
    """A Deployment behind a Service whose name the package carries, for one version of the chaincode.

    A new version is another server. Nothing of the old one changes before it is deleted, which comes after
    the new definition is committed; if that fails, peers go on with the old one and a way back is open.
    """

    package: ChaincodePackage
    """The package that the organization's peers install."""
    deployment: Deployment
    """The Deployment that runs the server."""

    def __init__(
        self, name: str, args: ChaincodeServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("heddle:fabric:ChaincodeServer", name, None, opts)
        self.package = self._package(name, args)
        tls = self._certificate(name, args)
        secret = self._secret(name, args, tls)
        self.deployment = self._deployment(name, args, tls, secret)
        self._service(name, args)
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
                validity_days=args.site.certificates.validity_days,
                renewal=args.site.certificates.renewal,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _secret(self, name: str, args: ChaincodeServerArgs, tls: Certificate) -> Secret:
        return Secret(
            f"{name}-secret",
            metadata=metadata(args.plan.name, args.site.namespace, _labels(args)),
            type="Opaque",
            data={key: content.apply(base64_of) for key, content in _files(args, tls).items()},
            opts=args.site.options(self),
        )

    def _deployment(
        self, name: str, args: ChaincodeServerArgs, tls: Certificate, secret: Secret
    ) -> Deployment:
        spec: Manifest = {
            "replicas": args.plan.replicas,
            "selector": {"matchLabels": _selector(args)},
            "template": chaincode_pod(
                args.plan,
                site=args.site,
                image=args.image,
                variables=environment(args.language, self.package.package_id, args.environment),
                checksum=checksum_of(_files(args, tls)),
            ),
        }
        return Deployment(
            f"{name}-deployment",
            metadata=metadata(args.plan.name, args.site.namespace, _labels(args)),
            spec=spec,
            opts=args.site.options(self, after=[secret]),
        )

    def _service(self, name: str, args: ChaincodeServerArgs) -> None:
        port = {"name": "chaincode", "port": CHAINCODE_PORT, "targetPort": "chaincode", "protocol": "TCP"}
        spec: Manifest = {
            "type": "ClusterIP",
            "selector": _selector(args),
            "ports": [port],
        }
        Service(
            f"{name}-service",
            metadata=metadata(args.plan.name, args.site.namespace, _labels(args), labels.SKIP_AWAIT),
            spec=spec,
            opts=args.site.options(self, after=[self.deployment]),
        )


def _files(args: ChaincodeServerArgs, tls: Certificate) -> dict[str, pulumi.Output[str]]:
    """Return the files that the server mounts; Java's library wants its authority too, and never reads it."""
    files = {CERTIFICATE: tls.certificate, KEY: tls.private_key}
    if args.language == "java":
        files[AUTHORITY] = args.organization.tls_ca.certificate
    return files


def _selector(args: ChaincodeServerArgs) -> dict[str, str]:
    return labels.select_server(args.site.instance, args.plan)


def _labels(args: ChaincodeServerArgs) -> dict[str, str]:
    return labels.of_server(args.site.instance, args.plan)
