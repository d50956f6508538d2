"""Describe sections that may be written shorter: as a name alone, or as `true`."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core.core_schema import CoreSchema

from heddle.spec.model import Section, refused
from heddle.spec.names import NameRule


@dataclass(frozen=True)
class NameOrMapping:
    """Reads an entry as its section; `rule` is that of the name, `words` tells people what is allowed."""

    section: type[Section]
    rule: NameRule
    words: str

    def read(self, value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 — pydantic's
        """Return the section. Raises PydanticCustomError for what is neither."""
        if isinstance(value, str):
            # Here, so that the problem's path ends at the name that the file has, not at a field it has not.
            return self.section.model_validate({"name": self.rule.check(value)})
        if not isinstance(value, dict | self.section):
            raise refused(self.words)
        return handler(value)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say the same in JSON Schema."""
        return {"anyOf": [self.rule.json_schema(), handler(schema)]}


def name_or_mapping(section: type[Section], rule: NameRule, words: str) -> tuple[Any, ...]:
    """Return what makes a section readable from its name alone: `Annotated[Section, *name_or_mapping(…)]`."""
    entry = NameOrMapping(section, rule, words)
    return WrapValidator(entry.read), entry


@dataclass(frozen=True)
class TrueOrMapping:
    """Reads `true` as a section with all its defaults, and `false` as none; `example` is for people."""

    section: type[Section]
    example: str

    def read(self, value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 — pydantic's
        """Return the section or None. Raises PydanticCustomError for what is neither."""
        if value is True:
            return self.section()
        if value is False or value is None:
            return None
        if not isinstance(value, dict | self.section):
            raise refused(f"true, false or a mapping, as {self.example}")
        return handler(value)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say the same in JSON Schema."""
        return {"anyOf": [{"type": "boolean"}, handler(schema)]}


def true_or_mapping(section: type[Section], example: str) -> tuple[Any, ...]:
    """Return what makes a section readable from a truth value: `Annotated[Section | None, *…]`."""
    entry = TrueOrMapping(section, example)
    return WrapValidator(entry.read), entry
