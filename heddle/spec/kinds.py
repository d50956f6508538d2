"""Kinds of values in a stack file: sizes, durations, quantities and whole numbers, checked and normalised."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from heddle.durations import nanoseconds
from heddle.quantities import SIZE, size

LARGEST = 2**53 - 1
"""From here on Pulumi's numbers are no longer exact: they are doubles."""
_DURATION = r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+"
_MILLISECOND = 1_000_000
"""In nanoseconds."""
_PROCESSORS = r"\d+(?:\.\d+)?m?"
_QUANTITY = r"\d+(?:\.\d+)?(?:Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?"


def _refuse(words: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "{allowed}", {"allowed": words})


def parse_bytes(value: object) -> int:
    """Return the bytes of 2097152 or "2 MB"; KB, MB and GB are powers of 1024, as in Fabric's own files.

    Raises PydanticCustomError for anything else, zero and fractions of a byte included.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return size(str(value) if is_number or isinstance(value, str) else "")
    except ValueError:
        raise _refuse('a number of bytes above 0, as 2097152 or "2 MB" (MB = 1024 × 1024)') from None


def check_duration(value: object) -> str:
    """The shortest way to write the duration; 1 ms to 1 hour, beyond which no client waits."""
    try:
        length = nanoseconds(value if isinstance(value, str) else "")
    except ValueError:
        raise _refuse('a duration with its unit, as "2s", "500ms" or "1m30s"') from None
    if not _MILLISECOND <= length <= 3_600_000 * _MILLISECOND or length % _MILLISECOND:
        raise _refuse('1 ms to 1 hour in whole milliseconds, as "2s"')
    milliseconds = length // _MILLISECOND
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def check_quantity(value: object) -> str:
    """A Kubernetes quantity above 0, as text. Raises PydanticCustomError for anything else."""
    if not isinstance(value, str) or re.fullmatch(_QUANTITY, value) is None or not re.search("[1-9]", value):
        raise _refuse("a Kubernetes quantity above 0, as 10Gi or 500Mi")
    return value


def _no_truth_value(value: object) -> object:
    """YAML's `yes` is no 1."""
    if isinstance(value, bool):
        raise _refuse("a whole number")
    return value


def check_processors(value: object) -> str:
    """Kubernetes takes 2, 0.5 and 500m alike; YAML gives the first two as numbers."""
    text = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    if re.fullmatch(_PROCESSORS, text) is None or not re.search("[1-9]", text):
        raise _refuse("processors above 0, as 2, 0.5 or 500m")
    return text


def between(least: int, most: int = LARGEST) -> tuple[FieldInfo, BeforeValidator]:
    """What turns `int` into a whole number within bounds: `Annotated[int, *between(1, 99)]`."""
    # The bounds first: behind the validator they would not reach JSON Schema.
    return Field(ge=least, le=most), BeforeValidator(_no_truth_value)


Whole = Annotated[int, BeforeValidator(_no_truth_value)]
"""Whole number."""
Bytes = Annotated[
    int,
    BeforeValidator(parse_bytes),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^{SIZE}$"}]}
    ),
]
"""Number of bytes; a file may say 2097152 or "2 MB"."""
Duration = Annotated[
    str, BeforeValidator(check_duration), WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$"})
]
"""Go duration between 1 ms and 1 h, normalised."""
Quantity = Annotated[
    str, BeforeValidator(check_quantity), WithJsonSchema({"type": "string", "pattern": f"^{_QUANTITY}$"})
]
"""Kubernetes quantity."""
Processors = Annotated[
    str,
    BeforeValidator(check_processors),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": f"^{_PROCESSORS}$"},
            ]
        }
    ),
]
"""Kubernetes quantity of CPU."""
