"""Keep chaincode definitions and approvals as the `_lifecycle` namespace does.

A definition is public. What an organization approved is in its implicit collection, so that other
organizations see hashes and compare. Each field has a key of its own.
Source: core/chaincode/lifecycle/{lifecycle,serializer}.go (Fabric 3.1.5).
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeAlias

from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2, db_pb2, lifecycle_pb2

from heddle.embedded.fabric.peer.state import State, hashed, hashed_key

__all__ = [
    "LIFECYCLE",
    "Approval",
    "Committed",
    "CommittedHashes",
    "Definition",
    "Hashes",
    "Reads",
    "Writes",
    "approval",
    "approvals_of",
    "definition",
    "definitions",
    "is_approved_package",
    "mismatches",
    "sequence_key",
    "write_approval",
    "write_definition",
]

LIFECYCLE = "_lifecycle"
Approval: TypeAlias = lifecycle_pb2.QueryApprovedChaincodeDefinitionResult
Definition: TypeAlias = lifecycle_pb2.QueryChaincodeDefinitionResult
Proto: TypeAlias = Any
"""A message that carries a definition: of many kinds, with the same fields."""
_Fields: TypeAlias = Mapping[str, db_pb2.StateData]
_NAMES, _SOURCES = "namespaces", "chaincode-sources"


class Reads(Protocol):
    """Read one namespace, or one collection of it: committed, or through a simulation."""

    def get(self, key: str) -> bytes | None:
        """Return the value of a key."""

    def between(self, start: str, end: str) -> list[tuple[str, bytes]]:
        """Return values of a range of keys."""


class Writes(Reads, Protocol):
    """The same, to write as well."""

    def put(self, key: str, value: bytes) -> None:
        """Write the value of a key."""


class Hashes(Protocol):
    """A collection of somebody else."""

    def hash(self, key: str) -> bytes | None:
        """Return the SHA-256 of a value."""


class Committed:
    """Reads the state without recording; public definitions by default."""

    def __init__(self, state: State, namespace: str = LIFECYCLE) -> None:
        self._state = state
        self._namespace = namespace

    def get(self, key: str) -> bytes | None:
        """Return the value of a key."""
        stored = self._state.get(self._namespace, key)
        return stored.value if stored else None

    def between(self, start: str, end: str) -> list[tuple[str, bytes]]:
        """Return values of a range of keys."""
        return [(key, stored.value) for key, stored in self._state.between(self._namespace, start, end)]


# --- definitions


def sequence_key(name: str) -> str:
    """Return the key that every transaction of a chaincode reads, so that none outlives its definition."""
    return _field_key(_NAMES, name, "Sequence")


def definition(reads: Reads, name: str) -> Definition | None:
    """Return the committed definition of a chaincode."""
    found = _read(reads, _NAMES, name)
    if found is None:
        return None
    result = Definition(sequence=found["Sequence"].Int64)
    _fill(result, found)
    return result


def definitions(reads: Reads) -> Iterator[tuple[str, Definition]]:
    """Yield all committed definitions, by name."""
    for name in _names(reads):
        found = definition(reads, name)
        if found is not None:
            yield name, found


def write_definition(writes: Writes, name: str, wanted: Definition) -> None:
    """Put a definition in force."""
    sequence = db_pb2.StateData(Int64=wanted.sequence)
    _write(writes, _NAMES, name, "ChaincodeDefinition", {"Sequence": sequence, **_parameters(wanted)})


# --- approvals


def approval(reads: Reads, name: str, sequence: int) -> Approval | None:
    """Return an organization's approval, out of its collection."""
    key = f"{name}#{sequence}"
    found, source = _read(reads, _NAMES, key), _read(reads, _SOURCES, key)
    if found is None or source is None:
        return None
    result = Approval(sequence=sequence)
    _fill(result, found)
    package_id = source["PackageID"].String
    if package_id:
        result.source.local_package.package_id = package_id
    else:
        result.source.unavailable.SetInParent()
    return result


def approvals_of(reads: Reads) -> Iterator[tuple[str, Approval]]:
    """Yield all approvals of an organization, with the chaincode's name."""
    for key in _names(reads):
        name, _, sequence = key.rpartition("#")
        found = approval(reads, name, int(sequence))
        if found is not None:
            yield name, found


def write_approval(writes: Writes, name: str, wanted: Approval) -> None:
    """Approve, with or without a package."""
    key = f"{name}#{wanted.sequence}"
    _write(writes, _NAMES, key, "ChaincodeParameters", _parameters(wanted))
    package = db_pb2.StateData(String=wanted.source.local_package.package_id)
    _write(writes, _SOURCES, key, "ChaincodeLocalPackage", {"PackageID": package})


class CommittedHashes:
    """Reads the hashes of a collection of approvals, which every peer has, also without their values."""

    def __init__(self, state: State, collection: str) -> None:
        self._state = state
        self._namespace = hashed(LIFECYCLE, collection)

    def hash(self, key: str) -> bytes | None:
        """Return the SHA-256 of a value."""
        stored = self._state.get(self._namespace, hashed_key(key))
        return stored.value if stored else None


def is_approved_package(hashes: Hashes, name: str, sequence: int, package_id: str) -> bool:
    """Tell whether an organization approved a definition with this package (cache.go, update)."""
    approved = hashes.hash(_field_key(_SOURCES, f"{name}#{sequence}", "PackageID"))
    return approved == _sha256(db_pb2.StateData(String=package_id))


def mismatches(hashes: Hashes, name: str, wanted: Definition) -> list[str]:
    """Return in what an organization's approval differs; empty if it approved exactly this (IsSerialized)."""
    key, fields = f"{name}#{wanted.sequence}", _parameters(wanted)
    kind = "ChaincodeParameters"
    if hashes.hash(_metadata_key(_NAMES, key)) != _sha256(_metadata(kind, fields)):
        return [kind]
    return [
        field
        for field, data in fields.items()
        if hashes.hash(_field_key(_NAMES, key, field)) != _sha256(data)
    ]


# --- the fields of a definition


def _parameters(wanted: Proto) -> _Fields:
    endorsement = chaincode_definition_pb2.ChaincodeEndorsementInfo(
        version=wanted.version,
        init_required=wanted.init_required,
        endorsement_plugin=wanted.endorsement_plugin,
    )
    validation = chaincode_definition_pb2.ChaincodeValidationInfo(
        validation_plugin=wanted.validation_plugin, validation_parameter=wanted.validation_parameter
    )
    parts = {"EndorsementInfo": endorsement, "ValidationInfo": validation, "Collections": wanted.collections}
    return {name: db_pb2.StateData(Bytes=part.SerializeToString()) for name, part in parts.items()}


def _fill(result: Proto, found: _Fields) -> None:
    endorsement = chaincode_definition_pb2.ChaincodeEndorsementInfo.FromString(found["EndorsementInfo"].Bytes)
    validation = chaincode_definition_pb2.ChaincodeValidationInfo.FromString(found["ValidationInfo"].Bytes)
    result.version = endorsement.version
    result.endorsement_plugin = endorsement.endorsement_plugin
    result.init_required = endorsement.init_required
    result.validation_plugin = validation.validation_plugin
    result.validation_parameter = validation.validation_parameter
    collections = collection_pb2.CollectionConfigPackage.FromString(found["Collections"].Bytes)
    result.collections.CopyFrom(collections)


# --- structures in a state (serializer.go)


def _metadata_key(namespace: str, name: str) -> str:
    return f"{namespace}/metadata/{name}"


def _field_key(namespace: str, name: str, field: str) -> str:
    return f"{namespace}/fields/{name}/{field}"


def _metadata(kind: str, fields: _Fields) -> db_pb2.StateMetadata:
    return db_pb2.StateMetadata(datatype=kind, fields=list(fields))


def _names(reads: Reads) -> list[str]:
    prefix = _metadata_key(_NAMES, "")
    return [key.removeprefix(prefix) for key, _ in reads.between(prefix, prefix[:-1] + "0")]


def _read(reads: Reads, namespace: str, name: str) -> _Fields | None:
    content = reads.get(_metadata_key(namespace, name))
    if content is None:
        return None
    return {
        field: db_pb2.StateData.FromString(reads.get(_field_key(namespace, name, field)) or b"")
        for field in db_pb2.StateMetadata.FromString(content).fields
    }


def _write(writes: Writes, namespace: str, name: str, kind: str, fields: _Fields) -> None:
    """Write what changes, and nothing that is there already."""
    contents: dict[str, Proto] = {_field_key(namespace, name, field): data for field, data in fields.items()}
    contents[_metadata_key(namespace, name)] = _metadata(kind, fields)
    for key, content in contents.items():
        value = content.SerializeToString()
        if writes.get(key) != value:
            writes.put(key, value)


def _sha256(message: Proto) -> bytes:
    return hashlib.sha256(message.SerializeToString()).digest()
