"""One declaration per resource type: inputs, outputs, secrets, defaults, what diffs and what is refused."""

from heddle.schema.model import (
    Boolean,
    Integer,
    Kind,
    ListOf,
    MapOf,
    ObjectType,
    OnChange,
    Property,
    ResourceType,
    Text,
    snake_case,
)
from heddle.schema.package import CONFIG, PROVIDER_TYPE, RESOURCES, package_schema

__all__ = [
    "CONFIG",
    "PROVIDER_TYPE",
    "RESOURCES",
    "Boolean",
    "Integer",
    "Kind",
    "ListOf",
    "MapOf",
    "ObjectType",
    "OnChange",
    "Property",
    "ResourceType",
    "Text",
    "package_schema",
    "snake_case",
]
