"""Read the access folder of a person: the output `instance`, and an MSP folder with their own identity."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.x509.oid import NameOID

from heddle.errors import EngineError
from heddle.identity.keys import certificates_in, load_certificate
from heddle.identity.signer import Signer
from heddle.kube.kubeconfig import KubeconfigError, default_files, merged, one_context
from heddle.network.instance import InstanceOutput, OrganizationOutput, read_instance

__all__ = ["CERTIFICATE", "INSTANCE", "KEY", "Person", "own_kubeconfig", "read_access_folder"]

INSTANCE: Final = "instance.json"
CERTIFICATE: Final = "msp/signcerts/cert.pem"
KEY: Final = "msp/keystore/key.pem"
_HINT: Final = "Expected a folder that `heddle access grant` has written."


@dataclass(frozen=True, kw_only=True)
class Person:
    """Describe whose access folder it is: their name, their organization, and the role in the certificate."""

    name: str
    organization: str
    role: str
    """`client` or `admin`: Fabric's roles of organizational units."""
    signer: Signer

    @property
    def users(self) -> tuple[str, ...]:
        """Return the names of users as whom the person may sign."""
        return (self.name, *(["admin"] if self.role == "admin" else []))


def read_access_folder(folder: Path) -> tuple[InstanceOutput, Person]:
    """Return the instance and the person who uses it.

    Raises EngineError for anything else, and IdentityError for a broken certificate.
    """
    try:
        texts = [(folder / name).read_bytes() for name in (INSTANCE, CERTIFICATE, KEY)]
        instance = read_instance(json.loads(texts[0]))
    except (OSError, ValueError, RecursionError) as error:
        raise EngineError(f"{folder}: {error}", hint=_HINT) from error
    issuer = load_certificate(texts[1]).issuer
    for member in instance.organizations.values():
        authorities = [load_certificate(each.encode()) for each in certificates_in(member.ca_certificate)]
        if member.users and any(each.subject == issuer for each in authorities):
            return instance, _person(member, texts[1], texts[2])
    raise EngineError(
        f"{folder / CERTIFICATE}: its issuer {issuer.rfc4514_string()} is no authority of this instance",
        hint=_HINT,
    )


def _person(member: OrganizationOutput, certificate: bytes, key: bytes) -> Person:
    subject = load_certificate(certificate).subject
    names, units = (
        [str(each.value) for each in subject.get_attributes_for_oid(kind)]
        for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)
    )
    return Person(
        name=names[0] if names else "",
        organization=member.name,
        role="admin" if "admin" in units else "client",
        signer=Signer(msp_id=member.msp_id, certificate=certificate, private_key=key),
    )


def own_kubeconfig() -> str:
    """Return the caller's kubeconfig: of $KUBECONFIG, else ~/.kube/config. Raises EngineError without one."""
    try:
        return one_context(merged(default_files()))[0]
    except (OSError, KubeconfigError) as error:
        raise EngineError(
            f"your own kubeconfig cannot be used: {error}",
            hint="Set KUBECONFIG to one that the cluster's administrators gave you.",
        ) from error
