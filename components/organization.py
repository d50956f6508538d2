"""Make an organization: its authorities, its administrator and, of a member, its first user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.authorities import Authorities, AuthoritiesArgs, Issuer
from components.site import Site
from heddle.resources import (
    Certificate,
    CertificateArgs,
    Identity,
    Msp,
    Node,
    Revocation,
    RevocationList,
    RevocationListArgs,
)
from heddle.topology import ADMIN, USER, OrganizationPlan

_ROLES = {ADMIN: "admin", USER: "client"}


@dataclass(frozen=True, kw_only=True)
class OrganizationArgs:
    """Which organization, and the orderers of its channels; None: it orders itself."""

    site: Site
    plan: OrganizationPlan
    orderers: Sequence[Node] | None = None


class Organization(pulumi.ComponentResource):
    """Keys and certificates of one organization; what runs for it is elsewhere.

    The keys of its authorities and the administrator's stay in the state and never enter the cluster.
    """

    msp_id: str
    """The organization's MSP id."""
    authorities: Authorities
    """What its certificates are issued by and verified against."""
    people: Mapping[str, Identity]
    """The identities of its administrator and, of a member, of a first user, by their names."""
    revocations: Sequence[RevocationList]
    """The revoked certificates, a list by each authority that is trusted; none where none is revoked."""

    def __init__(self, name: str, args: OrganizationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:identity:Organization", name, None, opts)
        self.msp_id, self._name, self._args = args.plan.msp_id, name, args
        self.authorities = Authorities(
            name, AuthoritiesArgs(site=args.site, plan=args.plan, orderers=args.orderers), self
        )
        self.revocations: Sequence[RevocationList] = ()
        self._identities: dict[str, Certificate] = {}
        self.people = {each: self._identity(f"{name}-{each}", each) for each in args.plan.people}
        self.register_outputs({"mspId": self.msp_id})

    @property
    def admin(self) -> Identity:
        """Return the administrator's identity, which signs channel and lifecycle work."""
        return self.people[ADMIN]

    @property
    def msp(self) -> Msp:
        """Return the MSP against which its members are verified; after `revoke`, with the revoked ones."""
        msp: Msp = {
            "mspId": self.msp_id,
            "rootCertificates": self.authorities.identities.roots,
            "tlsRootCertificates": self.authorities.tls.roots,
        }
        if self.authorities.identities.intermediates is not None:
            msp["intermediateCertificates"] = self.authorities.identities.intermediates
        if self.authorities.tls.intermediates is not None:
            msp["tlsIntermediateCertificates"] = self.authorities.tls.intermediates
        if self.revocations:
            msp["revocationLists"] = [each.revocation_list for each in self.revocations]
            # All of them revoke the same certificates.
            msp["revoked"] = self.revocations[-1].revocations
        return msp

    def revoke(self) -> None:
        """Declare the list of revoked certificates, once all identities are issued; none if none is revoked.

        So an instance where nobody ever lost a key has no such resource.
        """
        rekey = self._args.site.spec.certificates.rekey
        given_up = [
            _superseded(holder, each) for holder, each in self._identities.items() if rekey.get(holder)
        ]
        revoked = self._args.plan.revoked
        if not given_up and not revoked:
            return
        superseded = pulumi.Output.all(*given_up).apply(lambda lists: [each for one in lists for each in one])
        # Each trusted authority revokes all: nodes look at the list of a certificate's own issuer alone.
        self.revocations = [
            self._revocations(number, issuer, superseded)
            for number, issuer in self.authorities.identity_issuers.items()
        ]

    def _revocations(
        self, number: int, issuer: Issuer, superseded: pulumi.Output[list[Revocation]]
    ) -> RevocationList:
        issuers = self.authorities.identity_issuers
        others = [other.certificate for each, other in issuers.items() if each != number]
        return RevocationList(
            f"{self._name}-revocations{f'-{number}' if number > 1 else ''}",
            RevocationListArgs(
                authority_certificate=issuer.certificate,
                authority_private_key=issuer.private_key,
                fabric_ca=issuer.fabric_ca,
                other_authorities=others or None,
                superseded=superseded,
                revoked=self._args.plan.revoked,
                in_use={holder: each.serial_number for holder, each in self._identities.items()},
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _identity(self, name: str, person: str) -> Identity:
        holder, units = f"{person}@{self._args.plan.name}", (_ROLES[person],)
        # A Fabric CA knows identities by their common names, and may have an `admin` of its own.
        common_name = holder if self.authorities.issuer("identity").fabric_ca else person
        issued = self.issue(name, self, holder=holder, common_name=common_name, usage="identity", units=units)
        return {"mspId": self.msp_id, "certificate": issued.certificate, "privateKey": issued.private_key}

    def issue(
        self,
        name: str,
        parent: pulumi.Resource,
        *,
        common_name: str,
        usage: str,
        holder: str = "",
        renewed_with: str = "",
        units: Sequence[str] | None = None,
        hosts: Sequence[str] | None = None,
        rekey_refusal: str = "",
    ) -> Certificate:
        """Return a certificate from the authority for its usage, `identity` or `tls`.

        Its key is renewed with the number that `certificates.rekey` gives for the holder; without one, never.
        The certificate is with those that `certificates.renew` gives for `renewed_with`, by default the
        holder, and for the organization.
        `rekey_refusal` says why a key in use must not be, if so.
        """
        authority = self.authorities.issuer(usage)
        certificates = self._args.site.spec.certificates
        issued = Certificate(
            name,
            CertificateArgs(
                authority_certificate=authority.certificate,
                authority_private_key=authority.private_key,
                fabric_ca=authority.fabric_ca,
                common_name=common_name,
                organization=self._args.plan.name,
                organizational_units=units,
                hosts=hosts,
                usage=usage,
                validity_days=certificates.validity_days,
                renewal=certificates.renewals_of(self._args.plan.name, renewed_with or holder),
                renew_before=certificates.renew_before,
                # Left out where it was never raised: programs of before declare the same.
                rekey=certificates.rekey.get(holder) or None,
                rekey_refusal=(certificates.rekey.get(holder) and rekey_refusal) or None,
            ),
            pulumi.ResourceOptions(parent=parent),
        )
        if usage == "identity":
            self._identities[holder] = issued
        return issued


def _superseded(holder: str, certificate: Certificate) -> pulumi.Output[list[Revocation]]:
    """Return the certificates of the keys that a holder gave up, under the holder's name."""

    def named(given_up: list[Revocation] | None) -> list[Revocation]:
        return [
            {"holder": holder, "serial": each["serial"], "expires": each.get("expires", "")}
            for each in given_up or ()
        ]

    return certificate.superseded.apply(named)
