"""List all resource types, and make Pulumi's package schema from them (`pulumi package get-schema`)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from heddle.schema import addresses, authorities, chaincode, channel, identity, kubernetes, membership
from heddle.schema.model import Kind, ListOf, MapOf, ObjectType, Property, ResourceType, Text, connection
from heddle.settings import Boolean, Duration, Integer, Size
from heddle.versions import HEDDLE

PROVIDER_TYPE = "pulumi:providers:heddle"

CONFIG: Mapping[str, Property] = {
    "kubeconfig": connection(
        Text(),
        "The contents of a kubeconfig: nodes are dialled through its API server. "
        "Absent: nodes are dialled directly.",
        optional=True,
        secret=True,
    ),
    "context": connection(Text(), "The kubeconfig's context; absent: its current one.", optional=True),
    "power": connection(
        Text(choices=("on", "off")),
        "off: the nodes are asleep. None of them is asked, and what needs them is refused.",
        optional=True,
    ),
}
"""The provider's configuration. A change of it never replaces anything."""

RESOURCES: Mapping[str, ResourceType] = {
    resource.type: resource
    for resource in (
        identity.CERTIFICATE_AUTHORITY,
        identity.CERTIFICATE,
        authorities.AUTHORITY_EXCHANGE,
        identity.PASSWORD,
        identity.REVOCATION_LIST,
        addresses.ADDRESS_TERMS,
        channel.CHANNEL,
        membership.PEER_MEMBERSHIP,
        chaincode.CHAINCODE_PACKAGE,
        chaincode.CHAINCODE_INSTALLATION,
        chaincode.CHAINCODE_APPROVAL,
        chaincode.CHAINCODE_DEFINITION,
        kubernetes.NAMESPACE_OWNERSHIP,
        kubernetes.VOLUME_TERMS,
        kubernetes.VOLUMES,
        kubernetes.POWER,
        kubernetes.ROLLOUT,
    )
}


def object_types() -> dict[str, ObjectType]:
    """Return every object that an input mentions by its name, each after those that it holds."""
    return _objects(declared for resource in RESOURCES.values() for declared in resource.inputs.values())


def _objects(properties: Iterable[Property]) -> dict[str, ObjectType]:
    return {kind.name: kind for declared in properties for kind in _objects_in(declared.kind)}


def _objects_in(kind: Kind) -> Iterator[ObjectType]:
    match kind:
        case ListOf(item=inner) | MapOf(value=inner):
            yield from _objects_in(inner)
        case ObjectType():
            for declared in kind.properties.values():
                yield from _objects_in(declared.kind)
            yield kind


def package_schema() -> dict[str, Any]:
    """Return the package schema, after pulumi.com/docs/iac/guides/building-extending/packages/schema."""
    config = {name: _property(declared) for name, declared in CONFIG.items()}
    outputs = (declared for resource in RESOURCES.values() for declared in resource.outputs.values())
    objects = object_types() | _objects(outputs)
    return {
        "name": "heddle",
        "displayName": "Heddle",
        "version": HEDDLE,
        "description": "Identities, channels and chaincode of Hyperledger Fabric.",
        "license": "Apache-2.0",
        "config": {"variables": config},
        "provider": {
            "description": "How nodes are reached.",
            "inputProperties": config,
            "properties": config,
        },
        "types": {f"heddle:index:{name}": _object_type(kind) for name, kind in sorted(objects.items())},
        "resources": {token: _resource(resource) for token, resource in RESOURCES.items()},
    }


def _resource(resource: ResourceType) -> dict[str, Any]:
    """Describe a resource type; the outputs of a Pulumi resource are its inputs and the provider's."""
    outputs = {**resource.inputs, **resource.outputs}
    always = [name for name, declared in outputs.items() if not declared.optional]
    return {
        "description": f"{resource.description}\n\nDeleting it {resource.on_delete}.",
        "inputProperties": {name: _property(declared) for name, declared in resource.inputs.items()},
        "requiredInputs": [name for name, declared in resource.inputs.items() if declared.required],
        "properties": {name: _property(declared) for name, declared in outputs.items()},
        "required": always,
    }


def _object_type(kind: ObjectType) -> dict[str, Any]:
    return {
        "type": "object",
        "description": kind.description,
        "properties": {name: _property(declared) for name, declared in kind.properties.items()},
        "required": [name for name, declared in kind.properties.items() if declared.required],
    }


def _property(declared: Property) -> dict[str, Any]:
    result = {**_type(declared.kind), "description": declared.description}
    if declared.secret:
        result["secret"] = True
    if isinstance(declared.default, bool | int | str):
        result["default"] = declared.default
    return result


def _type(kind: Kind) -> dict[str, Any]:
    match kind:
        case Text() | Duration():
            return {"type": "string"}
        case Integer() | Size():
            return {"type": "integer"}
        case Boolean():
            return {"type": "boolean"}
        case ListOf(item=item):
            return {"type": "array", "items": _type(item)}
        case MapOf(value=value):
            return {"type": "object", "additionalProperties": _type(value)}
        case ObjectType(name=name):
            return {"$ref": f"#/types/heddle:index:{name}"}
