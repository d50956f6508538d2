"""The JSON Schema of stack files, for editors; stacks/stack.schema.json is this, kept fresh by a test."""

import json
from typing import Any

from heddle.spec.instance import Instance


def stack_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a whole stack file: Pulumi's own keys and `fabric:*` under `config`."""
    instance = Instance.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
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
                },
            }
        },
        "$defs": {**definitions, "Instance": instance},
    }


def stack_schema_text() -> str:
    """The schema as it is committed: indented, with a newline at the end."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(stack_schema_text(), end="")
