"""Sign the list of an authority's certificates that are revoked, which channels and nodes take."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cryptography.x509.oid import NameOID

from heddle.durations import timestamp
from heddle.errors import IdentityError
from heddle.identity.authority import Authority
from heddle.identity.chain import issued
from heddle.identity.keys import load_certificate
from heddle.identity.revocation import new_revocation_list
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import UNKNOWN, Properties, has_unknown
from heddle.provider.enrolling import revoked_there
from heddle.provider.handler import Call, Plan, Recorded
from heddle.provider.revocations import revocation_line
from heddle.schema.identity import REVOCATION_LIST

__all__ = ["RevocationListHandler"]


class RevocationListHandler(Recorded):
    """Make revocation lists; see `heddle.schema.identity`."""

    declaration = REVOCATION_LIST
    identifier = "revocation-list"

    def verify(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Report certificates to revoke that the authority did not issue, and those in use."""
        if not inputs.get("authorityPrivateKey") and not inputs.get("fabricCa"):
            reason = "the authority's private key is missing, and no `fabricCa` revokes in its place"
            return [CheckFailure(property="authorityPrivateKey", reason=reason)]
        failures = []
        in_use = {serial: holder for holder, serial in _known(inputs["inUse"]).items()}
        authorities = [inputs["authorityCertificate"], *(inputs.get("otherAuthorities") or ())]
        for index, entry in enumerate(inputs["revoked"] if isinstance(inputs["revoked"], list) else ()):
            if not isinstance(entry, str):
                continue
            reason = _foreign(entry, authorities) or _in_use(entry, in_use)
            if reason:
                failures.append(CheckFailure(property=f"revoked[{index}]", reason=reason))
        return failures

    async def plan(self, call: Call) -> Plan:
        """Compute the list, which has no secret and no chance in it, and name who loses access."""
        if has_unknown(call.inputs["superseded"]) or has_unknown(call.inputs["revoked"]):
            message = "revokes certificates that are known after apply"
            return Plan(outputs=dict.fromkeys(REVOCATION_LIST.outputs, UNKNOWN), message=message)
        revocations = _revocations(call)
        before = {each["serial"] for each in call.old_outputs.get("revocations") or []}
        lines = [revocation_line(each) for serial, each in revocations.items() if serial not in before]
        message = "\n".join(lines) or "no certificate is revoked that was not before"
        authority = [call.inputs.get(name) for name in ("authorityCertificate", "authorityPrivateKey")]
        if call.inputs.get("fabricCa") or has_unknown(authority):
            outputs: Properties = {"revocationList": UNKNOWN, "revocations": [*revocations.values()]}
            return Plan(outputs=outputs, message=message)
        return Plan(outputs=_outputs(_signed_here(call, revocations), revocations), message=message)

    async def update(self, call: Call) -> Properties:
        """Make the list anew with everything that was ever on it: a revocation is never taken back."""
        revocations = _revocations(call)
        if call.inputs.get("fabricCa"):
            return _outputs(await revoked_there(call.inputs, revocations), revocations)
        return _outputs(_signed_here(call, revocations), revocations)


def _outputs(revocation_list: str, revocations: Mapping[str, dict[str, Any]]) -> Properties:
    return {"revocationList": revocation_list, "revocations": [*revocations.values()]}


def _signed_here(call: Call, revocations: Mapping[str, dict[str, Any]]) -> str:
    """Return the list that the authority's key signs."""
    authority = Authority(
        certificate=call.inputs["authorityCertificate"].encode(),
        private_key=call.inputs["authorityPrivateKey"].encode(),
    )
    return new_revocation_list(authority, [int(serial, 16) for serial in revocations]).decode()


def _revocations(call: Call) -> dict[str, dict[str, Any]]:
    """Return every certificate on the list by its serial number: former ones, given up ones, others."""
    former: Iterable[dict[str, Any]] = call.old_outputs.get("revocations") or []
    others = map(_revocation, call.inputs["revoked"])
    everything = [*others, *former, *call.inputs["superseded"]]
    # The last one counts: Heddle's own name of a holder says more than a certificate's.
    by_serial = {str(each["serial"]): dict(each) for each in everything}
    return dict(sorted(by_serial.items(), key=lambda item: int(item[0], 16)))


def _revocation(entry: str) -> dict[str, Any]:
    if "-----BEGIN" not in entry:
        return {"holder": "", "serial": entry, "expires": ""}
    certificate = load_certificate(entry.encode())
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return {
        "holder": str(names[0].value) if names else "",
        "serial": f"{certificate.serial_number:x}",
        "expires": timestamp(certificate.not_valid_after_utc),
    }


def _foreign(entry: str, authorities: Sequence[object]) -> str:
    """Return why the authorities cannot revoke a certificate: another one issued it; empty if they can."""
    if "-----BEGIN" not in entry:
        return ""
    try:
        certificate = load_certificate(entry.encode())
        if not all(isinstance(each, str) for each in authorities):
            return ""  # not known yet
        if any(issued(load_certificate(str(each).encode()), certificate) for each in authorities):
            return ""
    except IdentityError as error:
        return str(error)
    issuer = certificate.issuer.rfc4514_string()
    return (
        f"a certificate that {issuer} issued; only those of the organization's own authority can be revoked"
    )


def _in_use(entry: str, in_use: Mapping[str, str]) -> str:
    """Return why a certificate must not be revoked: it is in use, and its holder would be shut out."""
    holder = in_use.get(str(_revocation(entry)["serial"]))
    if holder is None:
        return ""
    return f"the certificate that {holder} uses; make a new key first: raise certificates.rekey for {holder}"


def _known(serials: object) -> dict[str, str]:
    entries = serials.items() if isinstance(serials, dict) else ()
    return {str(holder): serial for holder, serial in entries if isinstance(serial, str)}
