"""The Pulumi program of these tests: declares what `wanted.json` beside it says, in that order.

A value `{"$output": ["name", "property"]}` is another resource's output.
"""

import json
from pathlib import Path
from typing import Any

import pulumi

from heddle.resources import Provider, ProviderArgs
from heddle.schema import RESOURCES

wanted = json.loads(Path("wanted.json").read_text())
provider = Provider("heddle", ProviderArgs(kubeconfig=wanted["kubeconfig"]))
made: dict[str, pulumi.CustomResource] = {}


def value(given: Any) -> Any:
    if isinstance(given, list):
        return [value(one) for one in given]
    if isinstance(given, dict):
        if "$output" in given:
            name, output = given["$output"]
            return getattr(made[name], output)
        return {key: value(one) for key, one in given.items()}
    return given


for one in wanted["resources"]:
    outputs = dict.fromkeys(RESOURCES[one["type"]].outputs)
    made[one["name"]] = pulumi.CustomResource(
        one["type"],
        one["name"],
        {**value(one["inputs"]), **outputs},
        pulumi.ResourceOptions(
            provider=provider, depends_on=[made[name] for name in one.get("dependsOn", [])]
        ),
    )
