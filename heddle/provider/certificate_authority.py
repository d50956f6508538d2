"""Make CertificateAuthority: a key and its certificate, made here once, or certified by somebody else."""

from pathlib import Path
from typing import Any

from heddle.durations import timestamp
from heddle.errors import IdentityError, ProviderError
from heddle.identity.authority import new_authority
from heddle.identity.expiry import expires_within, not_after
from heddle.identity.intermediate import chain_problem
from heddle.identity.keys import load_key, public_key_bytes, public_key_of
from heddle.planner.remedies import ENDED
from heddle.plugin.interface import CheckFailure, DiffKind
from heddle.plugin.values import UNKNOWN, Properties, has_unknown
from heddle.provider.expiring import warn_before_expiry
from heddle.provider.handler import Call, Created, Plan, Recorded
from heddle.schema.identity import CERTIFICATE_AUTHORITY

__all__ = ["CertificateAuthorityHandler"]

_WARN_DAYS = 365
"""Days of warning: to put a new authority beside the old one on every channel takes planning."""
_LARGEST_KEY = 1 << 16
"""Bytes of a key's file; a key has a few hundred."""


class CertificateAuthorityHandler(Recorded):
    """See `heddle.schema.identity`. Nothing about an authority can change, so an update has nothing to do."""

    declaration = CERTIFICATE_AUTHORITY

    def verify(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Report a chain of certificates that Fabric would not verify."""
        chain = inputs.get("chain")
        if not chain or has_unknown(chain):
            return []
        problem = chain_problem(chain)
        return [CheckFailure(property="chain", reason=problem)] if problem else []

    async def plan(self, call: Call) -> Plan:
        """Read the key that is to be taken, so that a preview says what is wrong with it."""
        chain = call.inputs.get("chain")
        if call.id or not chain or has_unknown(chain):
            return await super().plan(call)
        return Plan(outputs={**_given(call), "privateKey": UNKNOWN})

    async def create(self, call: Call) -> Created:
        """Make the key and the certificate, or take those that the program names."""
        if call.inputs.get("chain"):
            return Created(id=call.inputs["commonName"], outputs=_given(call))
        authority = new_authority(
            common_name=call.inputs["commonName"],
            organization=call.inputs["organization"],
            validity_days=call.inputs["validityDays"],
        )
        outputs: Properties = {
            "certificate": authority.certificate.decode(),
            "privateKey": authority.private_key.decode(),
            "notAfter": timestamp(not_after(authority.certificate)),
        }
        return Created(id=call.inputs["commonName"], outputs=outputs)

    async def diff(self, call: Call) -> dict[str, DiffKind]:
        """Warn before the certificate expires, but report no difference."""
        known = call.old_outputs.get("certificate")
        hint = (
            f"All that it issued has ended, too: {ENDED}."
            if known and expires_within(str(known).encode(), 0)
            else "Exchange it in good time: `certificates.authorities` in a stack file "
            "(docs/operations/authorities.md)."
        )
        await warn_before_expiry(self.session, call, days=_WARN_DAYS, hint=hint)
        return {}


def _given(call: Call) -> Properties:
    """Return the outputs of an authority that somebody else has certified. Raises ProviderError."""
    name, certificate = call.inputs["commonName"], str(call.inputs["chain"][0])
    if expires_within(certificate.encode(), 0):
        raise ProviderError(
            f"authority {name}: its certificate ended on {timestamp(not_after(certificate.encode()))}",
            hint="Have its request signed again; the key stays the same.",
        )
    key = _key_in(name, call.inputs["keyFile"])
    if public_key_bytes(load_key(key.encode())) != public_key_of(certificate.encode()):
        raise ProviderError(
            f"authority {name}: the certificate is for another key than that in {call.inputs['keyFile']}",
            hint="Name the key that the request was made with (`heddle certificates csr`).",
        )
    return {
        "certificate": certificate,
        "privateKey": key,
        "notAfter": timestamp(not_after(certificate.encode())),
    }


def _key_in(name: str, file: str) -> str:
    """Return the private key in a file. Raises ProviderError; no message has the file's content."""
    try:
        with Path(file).open("rb") as stream:
            key = stream.read(_LARGEST_KEY)
        load_key(key)
        return key.decode()
    except (OSError, IdentityError, ValueError) as error:
        words = error.message if isinstance(error, IdentityError) else "it cannot be read"
        raise ProviderError(
            f"authority {name}: key {file or '(none)'}: {words}",
            hint="It is read once, when the authority is made; from then on the state has it, encrypted.",
        ) from None
