"""Read the private keys of an organization's authorities from the state, for users who ask for them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from heddle.errors import EngineError
from heddle.identity.keys import certificates_in
from heddle.network.instance import OrganizationOutput
from heddle.plugin.values import strip_secrets
from heddle.state.resource import Resource
from heddle.state.stack import open_stack

__all__ = ["authority_keys", "authority_names"]

_TYPE = "heddle:identity:CertificateAuthority"


def authority_keys(stack: str, folder: Path, member: OrganizationOutput) -> Mapping[str, str]:
    """Return the PEM keys `ca` and `tls-ca` of the authorities that issue, which the output names first.

    An authority is recognised by its certificate.

    Raises EngineError: the state does not hold them, or cannot be read.
    """
    keys = {
        str(resource.outputs.get("certificate", "")): str(
            strip_secrets(resource.outputs.get("privateKey", ""))
        )
        for resource in open_stack(folder, stack, must_exist=True).resources
        if resource.type == _TYPE
    }
    texts = {"ca": member.ca_certificate, "tls-ca": member.tls_ca_certificate}
    wanted = {name: next(iter(certificates_in(text)), text) for name, text in texts.items()}
    missing = [name for name, certificate in wanted.items() if not keys.get(certificate)]
    if missing:
        raise EngineError(
            f"the state has no key of {member.name}'s {' and '.join(missing)}",
            hint="The authority is external, or an `up` did not finish.",
        )
    return {name: keys[certificate] for name, certificate in wanted.items()}


def authority_names(resources: Iterable[Resource]) -> frozenset[str]:
    """Return the common names of the authorities that a state has."""
    return frozenset(
        str(resource.inputs.get("commonName", "")) for resource in resources if resource.type == _TYPE
    )
