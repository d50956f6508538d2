"""CertificateAuthority: a key and a self-signed root, made once."""

from heddle.identity.authority import new_authority
from heddle.identity.expiry import not_after
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import Properties
from heddle.provider.expiring import timestamp, warn_before_expiry
from heddle.provider.handler import Call, Created, Recorded
from heddle.schema.identity import CERTIFICATE_AUTHORITY

__all__ = ["CertificateAuthorityHandler"]

_WARN_DAYS = 365
"""Days of warning: to put a new authority beside the old one on every channel takes planning."""


class CertificateAuthorityHandler(Recorded):
    """See `heddle.schema.identity`. Nothing about it can change, so an update has nothing to do."""

    declaration = CERTIFICATE_AUTHORITY

    async def create(self, call: Call) -> Created:
        """Make the key and the certificate."""
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
        hint = (
            "Exchange it in good time: `certificates.authorities` in a stack file "
            "(docs/operations/authorities.md)."
        )
        await warn_before_expiry(self.session, call, days=_WARN_DAYS, hint=hint)
        return {}
