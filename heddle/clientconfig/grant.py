"""Make what a person gets who may use a network: an identity of their own, the public output, and rights.

With these files and a kubeconfig of their own they need neither the stack's state nor its passphrase.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from heddle.clientconfig.files import ClientFile, msp_files
from heddle.errors import EngineError
from heddle.identity.authority import Authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.network.instance import InstanceOutput
from heddle.network.records import write_record
from heddle.network.viewer import CERTIFICATE, INSTANCE, KEY
from heddle.render import access_yaml

__all__ = ["Grant", "Role", "granted_files"]


class Role(StrEnum):
    """Name what somebody may do; each role may do all that those before it may."""

    VIEWER = "viewer"
    """Looks: status, channels, chaincodes. Acts on the channels as a client of the organization."""
    OPERATOR = "operator"
    """Restarts, stops and starts nodes on Kubernetes besides; a client of the organization, too."""
    ADMIN = "admin"
    """Does everything in the namespace, and is an administrator of the organization on its channels."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Describe whom access is for.

    user: the person's name in Kubernetes, also the certificate's common name.
    organization: the one whose member the identity becomes.
    """

    user: str
    role: Role
    organization: str
    validity_days: int


def granted_files(instance: InstanceOutput, grant: Grant, authority_key: bytes) -> Mapping[str, ClientFile]:
    """Return the content of every file, by its relative path; the identity is made anew with every call.

    Raises:
        EngineError: no such organization, or one whose authority is elsewhere.
        IdentityError: a key that cannot be used, or an authority that has expired.
    """
    member = instance.organization(grant.organization)
    if not member.users:
        raise EngineError(
            f"organization {member.name} is external: its authority is not in this stack",
            hint="Its own administrators grant access to its members.",
        )
    authority = Authority(certificate=member.ca_certificate.encode(), private_key=authority_key)
    request = CertificateRequest(
        common_name=grant.user,
        organization=member.name,
        organizational_units=("admin" if grant.role is Role.ADMIN else "client",),
        usage=Usage.IDENTITY,
        validity_days=grant.validity_days,
    )
    issued = issue(authority, request)
    rights = access_yaml(
        name=_rights_name(grant),
        namespace=instance.namespace,
        user=grant.user,
        role=str(grant.role),
    )
    public = {
        INSTANCE: json.dumps(write_record(instance), indent=2) + "\n",
        "rbac.yaml": rights,
        CERTIFICATE: issued.certificate.decode(),
        **msp_files("msp", member),
    }
    return {
        **{name: ClientFile(content=content) for name, content in sorted(public.items())},
        KEY: ClientFile(content=issued.private_key.decode(), secret=True),
    }


def _rights_name(grant: Grant) -> str:
    """Return the name of Role and RoleBinding, in which Kubernetes allows neither `/` nor `%`.

    Users of an OpenID issuer often have its URL in their names. What is replaced is told apart by a hash.
    """
    name = f"heddle-{grant.role}-{grant.user}"
    allowed = name.replace("/", "-").replace("%", "-")
    return name if allowed == name else f"{allowed}-{sha256(grant.user.encode()).hexdigest()[:8]}"
