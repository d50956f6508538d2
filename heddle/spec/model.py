"""The base of every section of a stack file."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


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
