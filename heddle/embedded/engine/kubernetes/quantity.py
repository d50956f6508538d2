"""Kubernetes quantities in canonical form: "1000m" is "1", "1024Mi" is "1Gi".

The API server stores them so, and pulumi-kubernetes writes its inputs so; comparing anything else shows
changes that are none.

Source: k8s.io/apimachinery pkg/api/resource/quantity.go, suffix.go (0.35).
"""

import re
from fractions import Fraction

__all__ = ["canonical"]

_SHAPE = re.compile(r"^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([eE])([+-]?[0-9]+)|([numkKMGTPE]i?|))$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_NANO = Fraction(1, 10**9)


def canonical(text: str) -> str:
    """Return the canonical form of a quantity.

    Raises ValueError when it is none, with the words of the API server.
    """
    match = _SHAPE.match(text.strip())
    if match is None or not (match[2] or match[3]) or (match[6] or "") not in _DECIMAL | _BINARY:
        raise ValueError(
            f"{text!r}: quantities must match the regular expression of Kubernetes, like 500m or 2Gi"
        )
    sign, whole, fraction, exponent, power, suffix = match.groups()
    digits = Fraction(int(f"{whole}{fraction or ''}"), 10 ** len(fraction or ""))
    number = -digits if sign == "-" else digits
    if suffix in _BINARY:
        return _binary(number * 2 ** _BINARY[suffix])
    scale = int(power) if exponent else _DECIMAL[suffix or ""]
    return _decimal(_whole_nanos(number * Fraction(10) ** scale), exponential=bool(exponent))


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
