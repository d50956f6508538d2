"""Make the authority and the client certificate by which the nodes' operations endpoints are asked."""

from dataclasses import dataclass

import pulumi

from components.site import Site
from heddle.resources import (
    Certificate,
    CertificateArgs,
    CertificateAuthority,
    CertificateAuthorityArgs,
    ClientTls,
)


@dataclass(frozen=True, kw_only=True)
class OperationsArgs:
    """The instance whose nodes are asked."""

    site: Site


class Operations(pulumi.ComponentResource):
    """Who may read metrics and version of all nodes of an instance, and set their log levels.

    The authority is none of the organizations': a chaincode server's certificate would do otherwise, and who
    only collects metrics would open the orderers' admin endpoints.
    """

    authority: pulumi.Output[str]
    """The root, PEM, that the operations endpoints want their clients to be of."""
    client: ClientTls
    """The client certificate of whoever asks."""

    def __init__(self, name: str, args: OperationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:identity:Operations", name, None, opts)
        child, instance = pulumi.ResourceOptions(parent=self), args.site.instance
        root = CertificateAuthority(
            f"{name}-ca",
            CertificateAuthorityArgs(common_name="operations CA", organization=instance),
            pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=args.site.protect)),
        )
        certificates = args.site.spec.certificates
        issued = Certificate(
            f"{name}-client",
            CertificateArgs(
                authority_certificate=root.certificate,
                authority_private_key=root.private_key,
                common_name="operations-client",
                organization=instance,
                usage="tls",
                validity_days=certificates.validity_days,
                renewal=certificates.renewal,
                renew_before=certificates.renew_before,
            ),
            child,
        )
        self.authority = root.certificate
        self.client = {"certificate": issued.certificate, "privateKey": issued.private_key}
        self.register_outputs({})
