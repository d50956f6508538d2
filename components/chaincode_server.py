"""Run the server of a chaincode for one organization: package, certificate, Deployment, Service."""

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
from heddle.resources import Certificate, ChaincodePackage, ChaincodePackageArgs, Power
from heddle.topology import CHAINCODE_PORT, ChaincodePlan, ServerPlan


@dataclass(frozen=True, kw_only=True)
class ChaincodeServerArgs:
    """Which chaincode, for whom."""

    site: Site
    chaincode: ChaincodePlan
    plan: ServerPlan
    organization: Organization
    power: Power
    """What scales the Deployment before it is changed."""


class ChaincodeServer(pulumi.ComponentResource):
    """A Deployment behind a Service whose name the package carries, for one version of the chaincode.

    A new version is another server. Nothing of the old one changes before it is deleted, which comes after
    the new definition is committed; if that fails, peers go on with the old one and a way back is open.
    """

    package: ChaincodePackage
    """The package that the organization's peers install."""
    deployment: Deployment
    """The Deployment that runs the server."""
    certificate: pulumi.Output[str]
    """The server's TLS certificate, PEM."""

    def __init__(
        self, name: str, args: ChaincodeServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("heddle:fabric:ChaincodeServer", name, None, opts)
        self.package = self._package(name, args)
        hosts = (args.plan.host, args.plan.name)
        tls = args.organization.issue(
            f"{name}-tls",
            self,
            # Not the server's own name, which another version's server does not have.
            holder=f"{args.chaincode.name}@{args.plan.organization}",
            common_name=args.plan.name,
            usage="tls",
            hosts=hosts,
        )
        self.certificate = tls.certificate
        secret = self._secret(name, args, tls)
        self.deployment = self._deployment(name, args, tls, secret)
        self._service(name, args)
        chaincode_opening(f"{name}-opening", args.plan, args.site, self)
        self.register_outputs({"packageId": self.package.package_id})

    def _package(self, name: str, args: ChaincodeServerArgs) -> ChaincodePackage:
        return ChaincodePackage(
            f"{name}-package",
            ChaincodePackageArgs(
                label=args.chaincode.label,
                address=args.plan.address,
                # A package that is made already keeps the root that it has: see the provider.
                tls_root_certificate=args.organization.authorities.tls_anchor,
                # Left out where there is none: programs of before declare the same.
                metadata=args.chaincode.metadata or None,
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
        chaincode = args.chaincode
        variables = environment(chaincode.language, self.package.package_id, chaincode.environment)
        spec: Manifest = {
            "replicas": 0 if args.site.spec.asleep else args.plan.replicas,
            "selector": {"matchLabels": _selector(args)},
            # The old one serves until a new one is ready, also where there is but one.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": chaincode_pod(
                args.plan,
                site=args.site,
                image=chaincode.image,
                variables=variables,
                secrets=chaincode.secret_environment,
                checksum=checksum_of(_files(args, tls)),
            ),
        }
        return Deployment(
            f"{name}-deployment",
            metadata=metadata(args.plan.name, args.site.namespace, _labels(args)),
            spec=spec,
            opts=args.site.options(self, after=[secret, args.power]),
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
            metadata=metadata(
                args.plan.name,
                args.site.namespace,
                _labels(args),
                {**args.plan.service_annotations, **labels.SKIP_AWAIT},
            ),
            spec=spec,
            opts=args.site.options(self, after=[self.deployment]),
        )


def _files(args: ChaincodeServerArgs, tls: Certificate) -> dict[str, pulumi.Output[str]]:
    """Return the files that the server mounts; Java's library wants its authority too, and never reads it."""
    authorities = args.organization.authorities
    files = {CERTIFICATE: authorities.presented(tls.certificate), KEY: tls.private_key}
    if args.chaincode.language == "java":
        files[AUTHORITY] = authorities.tls_anchor
    return files


def _selector(args: ChaincodeServerArgs) -> dict[str, str]:
    return labels.select_server(args.site.instance, args.plan)


def _labels(args: ChaincodeServerArgs) -> dict[str, str]:
    return labels.of_server(args.site.instance, args.plan)
