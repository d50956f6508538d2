"""Sizes and durations as people write them, normalised so that `2000ms` and `2s` are one value."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {
    "": 1,
    "B": 1,
    "KB": 1024,
    "KIB": 1024,
    "MB": 1024**2,
    "MIB": 1024**2,
    "GB": 1024**3,
    "GIB": 1024**3,
}
_BYTES = r"(\d+(?:\.\d+)?)\s*([KMG]i?B|B)?"
_DURATION_PART = r"(\d+(?:\.\d+)?)(ms|s|m|h)"
_DURATION = rf"(?:{_DURATION_PART})+"
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_QUANTITY = r"\d+(?:\.\d+)?(?:Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?"


def _refuse(words: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "{allowed}", {"allowed": words})


def parse_bytes(value: object) -> int:
    """Bytes of 2097152 or "2 MB"; KB, MB and GB are powers of 1024, as in Fabric's own files (viperutil).

    Raises PydanticCustomError for anything else, zero and fractions of a byte included.
    """
    words = 'a number of bytes above 0, as 2097152 or "2 MB" (MB = 1024 × 1024)'
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _refuse(words)
    match = re.fullmatch(_BYTES, str(value).strip(), re.IGNORECASE)
    if match is None:
        raise _refuse(words)
    size = float(match[1]) * _UNITS[(match[2] or "").upper()]
    if size < 1 or size != int(size):
        raise _refuse(words)
    return int(size)


def milliseconds(duration: str) -> int:
    """Milliseconds of a Go duration of h, m, s and ms parts. Raises PydanticCustomError if it is none."""
    if re.fullmatch(_DURATION, duration) is None:
        raise _refuse('a duration with its unit, as "2s", "500ms" or "1m30s"')
    return int(
        sum(float(count) * _MILLISECONDS[unit] for count, unit in re.findall(_DURATION_PART, duration))
    )


def _batch_timeout(value: str) -> str:
    """The shortest way to write the duration; 1 ms to 1 hour, beyond which no client waits."""
    length = milliseconds(value)
    if not 1 <= length <= 3_600_000:
        raise _refuse('1 ms to 1 hour, as "2s"')
    return f"{length // 1000}s" if length % 1000 == 0 else f"{length}ms"


def _quantity(value: str) -> str:
    if re.fullmatch(_QUANTITY, value) is None:
        raise _refuse("a Kubernetes quantity, as 10Gi or 500Mi")
    return value


Bytes = Annotated[
    int,
    BeforeValidator(parse_bytes),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^{_BYTES}$"}]}
    ),
]
"""Number of bytes; a file may say 2097152 or "2 MB"."""
BatchTimeout = Annotated[
    str, AfterValidator(_batch_timeout), WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$"})
]
"""Go duration between 1 ms and 1 h, normalised."""
Quantity = Annotated[
    str, AfterValidator(_quantity), WithJsonSchema({"type": "string", "pattern": f"^{_QUANTITY}$"})
]
"""Kubernetes quantity."""
