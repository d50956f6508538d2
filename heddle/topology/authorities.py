"""Name the authorities of organizations."""

__all__ = ["authority_name"]

_COMMON_NAME = 64
"""Characters of a common name at most (X.509's ub-common-name)."""
_KINDS = {"ca": "CA", "tlsca": "TLS CA"}


def authority_name(msp_id: str, kind: str, generation: int) -> str:
    """Return the common name of an authority.

    Args:
        msp_id: its organization's MSP id; the end of a long one is left out, and the subject's organization
            stays unique.
        kind: `ca`, which issues members' identities, or `tlsca`.
        generation: its number.
    """
    suffix = f" {_KINDS[kind]}{f' {generation}' if generation > 1 else ''}"
    return f"{msp_id[: _COMMON_NAME - len(suffix)]}{suffix}"
