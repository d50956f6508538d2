"""Say in previews who loses access by a revocation."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from heddle.configtx.settings import ChannelSettings
from heddle.identity.revocation import revoked_serials

__all__ = ["channel_revocations", "revocation_line"]


def revocation_line(revocation: Mapping[str, Any]) -> str:
    """Return one certificate that is revoked, and whose it is."""
    holder, end = revocation.get("holder"), revocation.get("expires")
    serial = f"serial {revocation['serial']}"
    details = f"{serial}, valid until {end}" if end else serial
    return f"revokes {holder} ({details})" if holder else f"revokes a certificate ({details})"


def channel_revocations(
    inputs: Mapping[str, Any], live: ChannelSettings, wanted: ChannelSettings
) -> list[str]:
    """Return a line for each certificate that a channel will refuse and does not yet."""
    known = {
        each["serial"]: each
        for part in ("ordererOrganizations", "peerOrganizations")
        for organization in inputs[part]
        for each in organization["msp"].get("revoked") or ()
    }
    before = _by_organization(live)
    lines = []
    for name, serials in _by_organization(wanted).items():
        for serial in sorted(serials - before.get(name, frozenset())):
            number = f"{serial:x}"
            lines.append(revocation_line(known.get(number, {"serial": number})))
    return list(dict.fromkeys(lines))


def _by_organization(settings: ChannelSettings) -> dict[str, frozenset[int]]:
    both: Iterable[Sequence[Any]] = (settings.orderer_organizations, settings.peer_organizations)
    return {each.msp.msp_id: revoked_serials(each.msp.revocation_lists) for part in both for each in part}
