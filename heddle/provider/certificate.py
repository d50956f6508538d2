"""Certificate: a key, and a certificate for it that is renewed with the same key."""

from cryptography import x509

from heddle.identity.authority import Authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.expiry import not_after
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import UNKNOWN, Properties
from heddle.provider.expiring import timestamp, warn_before_expiry
from heddle.provider.handler import Call, Plan, Recorded
from heddle.schema.identity import CERTIFICATE

__all__ = ["CertificateHandler"]

_WARN_DAYS = 30


class CertificateHandler(Recorded):
    """Issue and renew certificates; see `heddle.schema.identity`."""

    declaration = CERTIFICATE
    identifier = "{commonName}"

    async def diff(self, call: Call) -> dict[str, DiffKind]:
        """Warn before a certificate expires, but report no difference: renewing restarts nodes."""
        hint = "Raise `renewal` to renew it with the same key; in a stack file: certificates.renewal."
        await warn_before_expiry(self.session, call, days=_WARN_DAYS, hint=hint)
        return {}

    async def plan(self, call: Call) -> Plan:
        """Plan a new certificate, expiry and serial number for the same key."""
        changed: Properties = dict.fromkeys(("certificate", "notAfter", "serialNumber"), UNKNOWN)
        key = call.old_outputs.get("privateKey", UNKNOWN)
        message = "a new certificate for the same key" if call.id else ""
        return Plan(outputs={**changed, "privateKey": key}, message=message)

    async def update(self, call: Call) -> Properties:
        """Issue a certificate for the key that is there, or for a new one."""
        return _issue(call, call.old_outputs["privateKey"].encode() if call.id else None)


def _issue(call: Call, private_key: bytes | None) -> Properties:
    inputs = call.inputs
    issued = issue(
        Authority(
            certificate=inputs["authorityCertificate"].encode(),
            private_key=inputs["authorityPrivateKey"].encode(),
        ),
        CertificateRequest(
            common_name=inputs["commonName"],
            organization=inputs["organization"],
            organizational_units=tuple(inputs["organizationalUnits"]),
            hosts=tuple(inputs["hosts"]),
            usage=Usage(inputs["usage"]),
            validity_days=inputs["validityDays"],
        ),
        private_key=private_key,
    )
    serial = x509.load_pem_x509_certificate(issued.certificate).serial_number
    return {
        "certificate": issued.certificate.decode(),
        "privateKey": issued.private_key.decode(),
        "notAfter": timestamp(not_after(issued.certificate)),
        "serialNumber": f"{serial:x}",
    }
