"""Issue Certificate: a key, and a certificate that is renewed with it until `rekey` asks for another."""

from datetime import timedelta
from typing import Any

from cryptography import x509

from heddle.durations import period, timestamp
from heddle.identity.authority import Authority
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.identity.expiry import expires_within, not_after
from heddle.planner.remedies import ENDED
from heddle.plugin.interface import CheckFailure, DiffKind
from heddle.plugin.values import UNKNOWN, Properties
from heddle.provider.enrolling import enrolled
from heddle.provider.expiring import due_now, ending, warn_before_expiry
from heddle.provider.handler import Call, Plan, Recorded, Seen
from heddle.schema.identity import CERTIFICATE

__all__ = ["CertificateHandler"]

_WARN_DAYS = 30


class CertificateHandler(Recorded):
    """Issue and renew certificates; see `heddle.schema.identity`."""

    declaration = CERTIFICATE
    identifier = "{commonName}"

    def verify(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Refuse to renew as early as a certificate lasts: each `up` would renew all, and restart nodes."""
        if not inputs.get("authorityPrivateKey") and not inputs.get("fabricCa"):
            reason = "the authority's private key is missing, and no `fabricCa` issues in its place"
            return [CheckFailure(property="authorityPrivateKey", reason=reason)]
        window, days = inputs.get("renewBefore"), inputs["validityDays"]
        if isinstance(window, str) and isinstance(days, int) and period(window) >= timedelta(days=days):
            reason = (
                f"{window} - expected less than validityDays, {days}: a new certificate would be due at once"
            )
            return [CheckFailure(property="renewBefore", reason=reason)]
        return []

    def verify_change(self, olds: Properties, news: Properties) -> list[CheckFailure]:
        """Refuse to lower `rekey`, since the state would say another number than that of the keys made.

        Refuse to raise it where `rekeyRefusal` says why: here, since a key once made has no way back.
        """
        old, new = olds.get("rekey") or 0, news.get("rekey")
        if not isinstance(old, int) or not isinstance(new, int):
            return []
        reason = ""
        if new < old:
            reason = f"{old} → {new}: it is only raised, by one for each new key; put {old} back"
        elif new > old and olds and (refusal := news.get("rekeyRefusal")):
            reason = f"{refusal}; put {old} back"
        return [CheckFailure(property="rekey", reason=reason)] if reason else []

    async def diff(self, call: Call) -> dict[str, DiffKind]:
        """Report a certificate that is due by `renewBefore`; warn before another expires.

        Without `renewBefore` expiry is no difference: renewing restarts nodes.
        """
        if due_now(call):
            # An input's path: Pulumi's CLI shows an output's as one that is taken away.
            return {"renewBefore": DiffKind.UPDATE}
        await warn_before_expiry(self.session, call, days=_WARN_DAYS, hint=_hint(call))
        return {}

    async def plan(self, call: Call) -> Plan:
        """Plan a new certificate, expiry and serial number, for the same key or for a new one."""
        changed: Properties = dict.fromkeys(("certificate", "notAfter", "serialNumber"), UNKNOWN)
        changed |= {"privateKey": call.old_outputs.get("privateKey", UNKNOWN), **_history(call)}
        if not _rekeys(call):
            return Plan(outputs=changed, message=_renewal(call))
        given_up = ", ".join(str(each["serial"]) for each in _issued(call.old_outputs))
        message = (
            f"a new key and a certificate for it; the certificates of the old key are given up: {given_up}"
        )
        lines = [message, _unknown_history(call)]
        return Plan(outputs={**changed, "privateKey": UNKNOWN}, message="\n".join(filter(None, lines)))

    async def update(self, call: Call) -> Properties:
        """Issue a certificate: for the key that is in use, or for a new one."""
        keeps = call.id and not _rekeys(call)
        if _rekeys(call) and (unknown := _unknown_history(call)):
            await self.session.warn(unknown, call.urn)
        issued = await _issue(call, _current(call) if keeps else None)
        return {**_shown(issued), **_history(call)}

    async def read(self, call: Call) -> Seen:
        """Return the outputs as they are; those of an earlier release knew no earlier certificates."""
        known = {name: call.old_outputs[name] for name in CERTIFICATE.outputs if name in call.old_outputs}
        return Seen(outputs=known)


def _hint(call: Call) -> str:
    """Return what keeps a certificate from ending."""
    window, end = call.inputs.get("renewBefore"), not_after(call.old_outputs["certificate"].encode())
    authority = call.inputs["authorityCertificate"]
    if isinstance(authority, str) and expires_within(authority.encode(), 0):
        return f"Its authority has ended, too: {ENDED}."
    if isinstance(authority, str) and not_after(authority.encode()) <= end:
        return (
            "Its authority ends with it, so no renewal makes it last longer: exchange its authorities before "
            "(docs/operations/authorities.md)."
        )
    if isinstance(window, str):
        return f"`up` renews it with the same key from {timestamp(end - period(window))} on."
    return (
        "Raise `renewal` to renew it with the same key; in a stack file: certificates.renewal, or "
        "certificates.renewBefore to have it done in time."
    )


def _renewal(call: Call) -> str:
    """Return what an update does that keeps the key, and why, where the certificate is about to end."""
    if not call.id:
        return ""
    due = f": the one in use {ending(call.old_outputs['certificate'].encode())}" if due_now(call) else ""
    return f"a new certificate for the same key{due}"


def _rekeys(call: Call) -> bool:
    """Tell whether an update is to make a new key."""
    return bool(call.id) and int(call.inputs["rekey"]) > int(call.old_inputs.get("rekey") or 0)


def _issued(outputs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the certificates of the key in use, the current one last."""
    current = {"serial": outputs["serialNumber"], "expires": outputs["notAfter"]}
    return [*(outputs.get("earlier") or []), current]


def _history(call: Call) -> dict[str, Any]:
    """Return what is kept of certificates that are replaced: who has the key can use each of them."""
    if not call.id:
        return {"earlier": [], "superseded": []}
    superseded, issued = call.old_outputs.get("superseded") or [], _issued(call.old_outputs)
    if _rekeys(call):
        return {"earlier": [], "superseded": [*superseded, *issued]}
    return {"earlier": issued, "superseded": superseded}


def _unknown_history(call: Call) -> str:
    """Return what to do where the state does not know all certificates of the old key; empty if it does."""
    if "earlier" in call.old_outputs or not call.old_inputs.get("renewal"):
        return ""
    return (
        f"certificate {call.id} was renewed before this release: earlier certificates for its old key are "
        "not known here and stay valid\n"
        "Add them to `revoked` of the organization, as certificates or serial numbers."
    )


def _current(call: Call) -> Issued:
    return Issued(
        certificate=call.old_outputs["certificate"].encode(),
        private_key=call.old_outputs["privateKey"].encode(),
    )


async def _issue(call: Call, current: Issued | None) -> Issued:
    """Return a certificate for the key of the current one, or for a new key."""
    inputs = call.inputs
    request = CertificateRequest(
        common_name=inputs["commonName"],
        organization=inputs["organization"],
        organizational_units=tuple(inputs["organizationalUnits"]),
        hosts=tuple(inputs["hosts"]),
        usage=Usage(inputs["usage"]),
        validity_days=inputs["validityDays"],
    )
    if inputs.get("fabricCa"):
        return await enrolled(inputs, request, current)
    authority = Authority(
        certificate=inputs["authorityCertificate"].encode(),
        private_key=inputs["authorityPrivateKey"].encode(),
    )
    return issue(authority, request, private_key=current.private_key if current is not None else None)


def _shown(issued: Issued) -> Properties:
    """Return the outputs for a certificate that was issued."""
    serial = x509.load_pem_x509_certificate(issued.certificate).serial_number
    return {
        "certificate": issued.certificate.decode(),
        "privateKey": issued.private_key.decode(),
        "notAfter": timestamp(not_after(issued.certificate)),
        "serialNumber": f"{serial:x}",
    }
