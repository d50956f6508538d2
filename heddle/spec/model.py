"""Define the base of every section of a stack file."""

from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A mapping of the stack file: camelCase keys, nothing unknown, immutable once read.

    The string beneath a field is its documentation, here and in the JSON Schema.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )


def refused(allowed: str, step: str = "") -> PydanticCustomError:
    """Return the error of a value that is not allowed: what may be there instead, and what to do."""
    return PydanticCustomError("refused", "{allowed}", {"allowed": allowed, "step": step})


def section_in(annotation: Any) -> tuple[type[Section] | None, str]:  # noqa: ANN401 — a type expression
    """Return the section that a field holds, if any, and `[]` or `.<name>` where it holds many."""
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, Section):
        return annotation, ""
    many = {tuple: "[]", dict: ".<name>"}.get(get_origin(annotation), "")
    for inner in get_args(annotation):
        section, suffix = section_in(inner)
        if section is not None:
            return section, f"{many}{suffix}"
    return None, ""
