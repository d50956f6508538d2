"""Make the JSON Schema of stack files for editors: stacks/stack.schema.json, kept fresh by a test."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from heddle.spec.instance import Instance
from heddle.spec.model import Section


class _ForEditors(GenerateJsonSchema):
    """Options are left out, not null, so that an editor says what is wrong within one.

    Nor does it complete an option with null or with all that a section says by default, or show a title
    such as "Mspid".
    """

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Refuse keys that do not follow their rule."""
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        default = schema.get("default")
        if default is None or isinstance(default, Section):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def stack_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a stack file: Pulumi's own keys and `fabric:*` under `config`."""
    instance = Instance.model_json_schema(ref_template="#/$defs/{model}", schema_generator=_ForEditors)
    definitions = instance.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Heddle stack file",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": ["fabric:instance"],
                "properties": {
                    "fabric:instance": {"$ref": "#/$defs/Instance"},
                    "fabric:kubeContext": {
                        "type": "string",
                        "description": "Context of the default kubeconfig, instead of the file's cluster.",
                    },
                    "fabric:logDays": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": 3650,
                        "default": 30,
                        "description": "Days for which `heddle log` knows what was done.",
                    },
                },
            }
        },
        "$defs": {**definitions, "Instance": instance},
    }


def stack_schema_text() -> str:
    """Return the schema as it is committed: indented, with a newline at the end."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(stack_schema_text(), end="")
