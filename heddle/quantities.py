"""Read sizes as Fabric's files write them ("2 MB") and quantities as Kubernetes does ("500m", "2Gi").

Sources: common/viperutil/config_util.go (Fabric 3.1.5); k8s.io/apimachinery pkg/api/resource/quantity.go,
suffix.go (0.35).
"""

import re
from fractions import Fraction
from typing import Final

__all__ = ["KB", "MB", "SIZE", "amount", "canonical", "show_size", "size", "told_bytes"]

KB: Final = 1024
MB: Final = 1024 * KB
"""Fabric's files count in powers of 1024 and write MB, not MiB."""
SIZE: Final = r"(\d+(?:\.\d+)?)\s*([KMGkmg][Ii]?[Bb]|[Bb])?"
"""Regular expression of a size: `2097152`, `2 MB`, `2MiB`."""

_SIZE_UNITS: Final = {"": 1, "B": 1, "K": KB, "M": MB, "G": 1024 * MB}
_QUANTITY = re.compile(r"^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([eE])([+-]?[0-9]+)|([numkKMGTPE]i?|))$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_NANO = Fraction(1, 10**9)


def size(text: str) -> int:
    """Return the bytes of a size. Raise ValueError for zero, a fraction of a byte and what is no size."""
    match = re.fullmatch(SIZE, text.strip())
    count = Fraction(match[1]) * _SIZE_UNITS[(match[2] or "")[:1].upper()] if match else Fraction(0)
    if count < 1 or count.denominator != 1:
        raise ValueError(f'{text!r}: expected a number of bytes above 0, as 2097152 or "2 MB"')
    return int(count)


def show_size(count: int) -> str:
    """Return bytes as a stack file writes them: `2 MB`, `128 KB`, `1000 B` where neither divides."""
    for unit, factor in (("MB", MB), ("KB", KB)):
        if count and count % factor == 0:
            return f"{count // factor} {unit}"
    return f"{count} B"


def told_bytes(count: int) -> str:
    """Return about how many bytes these are, for people: `340Mi`, `1.2Gi`."""
    if count >= 1 << 30:
        return f"{count / (1 << 30):.1f}Gi"
    return f"{count / (1 << 20):.0f}Mi" if count >= 1 << 20 else f"{count / (1 << 10):.0f}Ki"


def amount(text: str) -> Fraction:
    """Return the number that a Kubernetes quantity stands for: 500m is 1/2, 1Ki is 1024.

    Raises ValueError when it is none, with the words of the API server.
    """
    match = _QUANTITY.match(text.strip())
    if match is None or not (match[2] or match[3]) or (match[6] or "") not in _DECIMAL | _BINARY:
        raise ValueError(
            f"{text!r}: quantities must match the regular expression of Kubernetes, like 500m or 2Gi"
        )
    sign, whole, fraction, _, power, suffix = match.groups()
    digits = Fraction(int(f"{whole}{fraction or ''}"), 10 ** len(fraction or ""))
    number = -digits if sign == "-" else digits
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    return number * Fraction(f"1e{power or _DECIMAL[suffix or '']}")


def canonical(text: str) -> str:
    """Return a Kubernetes quantity in canonical form: `1000m` is `1`, `1024Mi` is `1Gi`.

    The API server stores them so, and pulumi-kubernetes writes its inputs so; comparing anything else shows
    changes that are none. Raises ValueError as `amount` does.
    """
    number = amount(text)
    if text.strip().endswith(tuple(_BINARY)):
        return _binary(number)
    exponential = re.search(r"[eE][+-]?[0-9]+$", text.strip()) is not None
    return _decimal(_whole_nanos(number), exponential=exponential)


def _whole_nanos(number: Fraction) -> Fraction:
    """Round away from zero to whole 10⁻⁹, the smallest a quantity holds."""
    nanos, rest = divmod(abs(number), _NANO)
    rounded = (nanos + (1 if rest else 0)) * _NANO
    return rounded if number >= 0 else -rounded


def _decimal(number: Fraction, *, exponential: bool) -> str:
    """Write with the largest power of 1000 that leaves no fraction: at most nine digits after the point."""
    if number == 0:
        return "0"
    nanos = int(number / _NANO)
    exponent = -9
    while nanos % 1000 == 0 and exponent < 18:
        nanos, exponent = nanos // 1000, exponent + 3
    if exponential:
        return f"{nanos}e{exponent}" if exponent else str(nanos)
    suffix = next(name for name, power in _DECIMAL.items() if power == exponent)
    return f"{nanos}{suffix}"


def _binary(number: Fraction) -> str:
    """Write with the largest power of 1024 that leaves no fraction; below 1024 as a decimal."""
    if -1024 < number < 1024 or number.denominator != 1:
        return _decimal(_whole_nanos(number), exponential=False)
    value, suffix = int(number), ""
    for name in _BINARY:
        if value % 1024:
            break
        value, suffix = value // 1024, name
    return f"{value}{suffix}"
