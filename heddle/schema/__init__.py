"""Declare each resource type: inputs, outputs, secrets, defaults, what diffs and what is refused."""

from heddle.schema.model import (
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
from heddle.settings import Boolean, Duration, Integer, Size

__all__ = [
    "CONFIG",
    "PROVIDER_TYPE",
    "RESOURCES",
    "Boolean",
    "Duration",
    "Integer",
    "Kind",
    "ListOf",
    "MapOf",
    "ObjectType",
    "OnChange",
    "Property",
    "ResourceType",
    "Size",
    "Text",
    "package_schema",
    "snake_case",
]
