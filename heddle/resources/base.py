"""Make the classes of resources: arguments become Pulumi's properties, outputs get their Python names."""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import pulumi

from heddle.schema import Property, ResourceType, snake_case

__all__ = ["DeclaredResource", "properties_of"]

ArgsT = TypeVar("ArgsT")


def properties_of(args: object, declared: Mapping[str, Property]) -> dict[str, Any]:
    """Return the properties of a frozen dataclass of arguments, by Pulumi's names; absent ones are left out.

    `declared` maps Pulumi's names to declarations; what they call secret is made so.
    """
    result: dict[str, Any] = {}
    for name, declaration in declared.items():
        value = getattr(args, snake_case(name))
        if value is not None:
            result[name] = pulumi.Output.secret(value) if declaration.secret else value
    return result


class DeclaredResource(pulumi.CustomResource, Generic[ArgsT]):
    """A resource of Heddle's own provider, after its declaration in `heddle.schema`."""

    declaration: ClassVar[ResourceType]

    def __init__(self, resource_name: str, args: ArgsT, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = self.declaration.outputs
        secrets = [name for name, declared in outputs.items() if declared.secret]
        super().__init__(
            self.declaration.type,
            resource_name,
            {
                **properties_of(args, self.declaration.inputs),
                **{snake_case(name): None for name in outputs},
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=secrets)),
        )

    def translate_output_property(self, prop: str) -> str:
        """Return the Python name of an output; names inside objects stay Pulumi's."""
        return snake_case(prop) if prop in self.declaration.outputs else prop
