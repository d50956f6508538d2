"""Name the authorities of organizations."""

__all__ = ["authority_generation", "authority_name"]

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


def authority_generation(msp_id: str, common_name: str) -> int:
    """Return the generation of the authority of that name; 0 if it is none of the organization's.

    The other way round than `authority_name`, for both kinds.
    """
    last = common_name.rpartition(" ")[2]
    number = int(last) if last.isascii() and last.isdecimal() else 1
    return number if any(authority_name(msp_id, kind, number) == common_name for kind in _KINDS) else 0
