"""Make an organization: its authorities, its administrator and its first user."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.site import Site
from heddle.resources import (
    Certificate,
    CertificateArgs,
    CertificateAuthority,
    CertificateAuthorityArgs,
    Identity,
    Msp,
)
from heddle.topology import ADMIN, USER, OrganizationPlan

_COMMON_NAME = 64
"""Characters of a common name at most (X.509's ub-common-name)."""


@dataclass(frozen=True, kw_only=True)
class OrganizationArgs:
    """Which organization, and whether its authorities may be deleted."""

    site: Site
    plan: OrganizationPlan


class Organization(pulumi.ComponentResource):
    """Keys and certificates of one organization; what runs for it is elsewhere.

    Two roots, because Fabric verifies members against one and connections against the other. Their keys and
    the administrator's stay in the state and never enter the cluster.
    """

    msp_id: str
    """The organization's MSP id."""
    ca: CertificateAuthority
    """Root of its members' identities."""
    tls_ca: CertificateAuthority
    """Root of its TLS certificates."""
    msp: Msp
    """The MSP against which its members are verified."""
    admin: Identity
    """The administrator's identity: signs channel and lifecycle work."""
    user: Identity
    """The identity of a first user, for applications."""

    def __init__(self, name: str, args: OrganizationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:identity:Organization", name, None, opts)
        self.msp_id, self._args = args.plan.msp_id, args
        self.ca = self._authority(f"{name}-ca", "CA", args)
        self.tls_ca = self._authority(f"{name}-tlsca", "TLS CA", args)
        self.msp = {
            "mspId": self.msp_id,
            "rootCertificates": [self.ca.certificate],
            "tlsRootCertificates": [self.tls_ca.certificate],
        }
        self.admin = self._identity(f"{name}-{ADMIN}", ADMIN, "admin")
        self.user = self._identity(f"{name}-{USER}", USER, "client")
        self.register_outputs({"mspId": self.msp_id})

    def _authority(self, name: str, kind: str, args: OrganizationArgs) -> CertificateAuthority:
        # An MSP id may be longer than X.509 lets a common name be; the subject's organization stays unique.
        msp_id = args.plan.msp_id[: _COMMON_NAME - len(kind) - 1]
        return CertificateAuthority(
            name,
            CertificateAuthorityArgs(common_name=f"{msp_id} {kind}", organization=args.plan.name),
            pulumi.ResourceOptions(parent=self, protect=args.site.protect and not args.plan.leaving),
        )

    def _identity(self, name: str, common_name: str, role: str) -> Identity:
        issued = self.issue(name, self, common_name=common_name, usage="identity", units=(role,))
        return {"mspId": self.msp_id, "certificate": issued.certificate, "privateKey": issued.private_key}

    def issue(
        self,
        name: str,
        parent: pulumi.Resource,
        *,
        common_name: str,
        usage: str,
        units: Sequence[str] | None = None,
        hosts: Sequence[str] | None = None,
    ) -> Certificate:
        """Return a certificate from the authority for its usage, `identity` or `tls`."""
        authority = self.ca if usage == "identity" else self.tls_ca
        certificates = self._args.site.spec.certificates
        return Certificate(
            name,
            CertificateArgs(
                authority_certificate=authority.certificate,
                authority_private_key=authority.private_key,
                common_name=common_name,
                organization=self._args.plan.name,
                organizational_units=units,
                hosts=hosts,
                usage=usage,
                validity_days=certificates.validity_days,
                renewal=certificates.renewal,
            ),
            pulumi.ResourceOptions(parent=parent),
        )
