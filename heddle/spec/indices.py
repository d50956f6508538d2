"""Describe which nodes of a set exist: a number of them, or the index of each.

A node keeps its index for ever: its name, its port and its number among BFT's consenters are made of it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, WithJsonSchema, WrapValidator

from heddle.spec.kinds import between
from heddle.spec.model import refused

MOST_NODES = 99
"""The greatest number of nodes of one set."""
LARGEST_INDEX = 999
"""The greatest index: three digits fit into every name that is made of it."""

Indices = int | tuple[int, ...]
"""Nodes as a file says them: 3 for the indices 0, 1 and 2, or the index of each, in ascending order."""


@dataclass(frozen=True)
class IndicesRule:
    """The rule of an option that says which nodes exist.

    `words` tells people how many there may be; `least` is None where another validator checks the number.
    """

    words: str
    least: int | None

    def read(self, value: object, _: object) -> Indices:
        """Return the number, or the sorted indices. Raises PydanticCustomError or ValidationError."""
        if isinstance(value, list | tuple):
            return _sorted(_LIST.validate_python(value))
        if isinstance(value, dict):
            raise refused(_ALLOWED)
        return self._number.validate_python(value)

    @cached_property
    def _number(self) -> TypeAdapter[int]:
        least = -LARGEST_INDEX if self.least is None else self.least
        most = LARGEST_INDEX if self.least is None else MOST_NODES
        return TypeAdapter(Annotated[int, *between(least, most)])

    def json_schema(self, number: dict[str, Any]) -> dict[str, Any]:
        """Return the rule as JSON Schema; `number` is that of the number."""
        index = {"type": "integer", "minimum": 0, "maximum": LARGEST_INDEX}
        listed = {"type": "array", "items": index, "minItems": 1, "maxItems": MOST_NODES, "uniqueItems": True}
        return {"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_NODES, **number}, listed]}


_ALLOWED = "a whole number, or a list of indices as [0, 1, 3]"
_LIST: TypeAdapter[tuple[int, ...]] = TypeAdapter(
    Annotated[
        tuple[Annotated[int, *between(0, LARGEST_INDEX)], ...], Field(min_length=1, max_length=MOST_NODES)
    ]
)


def nodes_rule(words: str, *, least: int | None = None, **number: Any) -> tuple[Any, ...]:  # noqa: ANN401 - JSON
    """Return what makes a field one of indices: `Annotated[Indices, *nodes_rule("1 to 99", least=1)]`.

    Args:
        words: how many nodes there may be, for people.
        least: the least number; None where another validator checks it.
        number: JSON Schema of the number, beside its bounds.
    """
    rule = IndicesRule(words, least)
    return WrapValidator(rule.read), WithJsonSchema(rule.json_schema(number))


def indices_in(said: Indices) -> tuple[int, ...]:
    """Return the index of every node: 0, 1 and 2 for the number 3."""
    return tuple(range(said)) if isinstance(said, int) else said


def _sorted(indices: tuple[int, ...]) -> tuple[int, ...]:
    for index in sorted(set(indices)):
        if indices.count(index) > 1:
            raise refused(f"each index once; {index} is there {indices.count(index)} times")
    return tuple(sorted(indices))
