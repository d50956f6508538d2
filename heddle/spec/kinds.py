"""Define kinds of values in a stack file: quantities of Kubernetes and whole numbers."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic.fields import FieldInfo

from heddle.durations import PERIOD, period
from heddle.spec.model import refused

LARGEST = 2**53 - 1
"""From here on Pulumi's numbers are no longer exact: they are doubles."""
_PROCESSORS = r"\d+(?:\.\d+)?m?"
_QUANTITY = r"\d+(?:\.\d+)?(?:Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?"


def check_quantity(value: object) -> str:
    """Return a Kubernetes quantity above 0, as text. Raises PydanticCustomError for anything else."""
    if not isinstance(value, str) or re.fullmatch(_QUANTITY, value) is None or not re.search("[1-9]", value):
        raise refused("a Kubernetes quantity above 0, as 10Gi or 500Mi")
    return value


def _no_truth_value(value: object) -> object:
    """Refuse truth values: YAML's `yes` is no 1."""
    if isinstance(value, bool):
        raise refused("a whole number")
    return value


def check_processors(value: object) -> str:
    """Check an amount of processors: 2, 0.5 and 500m are all allowed; YAML reads two as numbers."""
    text = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    if re.fullmatch(_PROCESSORS, text) is None or not re.search("[1-9]", text):
        raise refused("processors above 0, as 2, 0.5 or 500m")
    return text


def check_period(value: object) -> str:
    """Return a time in days or hours, as text. Raises PydanticCustomError for anything else."""
    try:
        period(value if isinstance(value, str) else "")
    except ValueError:
        raise refused("days or hours, as 30d or 36h") from None
    return str(value)


def between(least: int, most: int = LARGEST) -> tuple[FieldInfo, BeforeValidator]:
    """Return what makes `int` a whole number within bounds: `Annotated[int, *between(1, 99)]`."""
    # The bounds first: behind the validator they would not reach JSON Schema.
    return Field(ge=least, le=most), BeforeValidator(_no_truth_value)


def _power_of(value: object) -> object:
    """Return on or off, which YAML reads as truth values."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


Power = Annotated[
    Literal["on", "off"], BeforeValidator(_power_of), WithJsonSchema({"enum": ["on", "off", True, False]})
]
"""Whether an instance runs."""
Whole = Annotated[int, BeforeValidator(_no_truth_value)]
"""A whole number; YAML's true and false are none."""
Quantity = Annotated[
    str, BeforeValidator(check_quantity), WithJsonSchema({"type": "string", "pattern": f"^{_QUANTITY}$"})
]
"""A quantity as Kubernetes has it."""
Period = Annotated[
    str, BeforeValidator(check_period), WithJsonSchema({"type": "string", "pattern": f"^{PERIOD}$"})
]
"""A time in days or hours."""
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
