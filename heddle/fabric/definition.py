"""Describe what the organizations of a channel agree on about a chaincode, and how far they agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.configtx.endorsement import DEFAULT_POLICY
from heddle.configtx.values import parse

__all__ = ["Approval", "Committed", "Definition", "Installed", "Readiness", "definition_of"]

_FIELDS = (
    "version",
    "sequence",
    "validation_parameter",
    "init_required",
    "endorsement_plugin",
    "validation_plugin",
)
"""Fields that a definition and all messages about one have alike."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Describe a chaincode as the organizations of a channel approve it: all must approve the same bytes.

    `validation_parameter` is a serialized ApplicationPolicy, `collections` a serialized
    CollectionConfigPackage (empty: no private data).
    """

    name: str
    version: str
    sequence: int
    validation_parameter: bytes = DEFAULT_POLICY
    init_required: bool = False
    endorsement_plugin: str = "escc"
    validation_plugin: str = "vscc"
    collections: bytes = b""

    def fields(self) -> dict[str, Any]:
        """Return the fields that all lifecycle messages share."""
        values: dict[str, Any] = {"name": self.name, **{name: getattr(self, name) for name in _FIELDS}}
        if self.collections:
            package = collection_pb2.CollectionConfigPackage()
            values["collections"] = parse(package, self.collections, f"collections of {self.name}")
        return values


@dataclass(frozen=True, kw_only=True)
class Installed:
    """Name a package on a peer, and the definitions that use it: (channel, chaincode name, version)."""

    package_id: str
    label: str
    references: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Hold what an organization has approved. An empty `package_id` says that its peers do not run it."""

    definition: Definition
    package_id: str


@dataclass(frozen=True, kw_only=True)
class Committed:
    """Hold a definition in force, and which organizations (MSP ids) have approved just that."""

    definition: Definition
    approvals: Mapping[str, bool]


_Result: TypeAlias = (
    lifecycle_pb2.QueryChaincodeDefinitionResult
    | lifecycle_pb2.QueryApprovedChaincodeDefinitionResult
    | lifecycle_pb2.QueryChaincodeDefinitionsResult.ChaincodeDefinition
)


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Tell which organizations (MSP ids) have approved this definition, and where the others differ."""

    approvals: Mapping[str, bool]
    mismatches: Mapping[str, tuple[str, ...]]


def definition_of(name: str, result: _Result) -> Definition:
    """Return the definition in an answer of `_lifecycle`, which does not always repeat the name."""
    collections = result.collections
    return Definition(
        name=name,
        **{field: getattr(result, field) for field in _FIELDS},
        collections=collections.SerializeToString(deterministic=True) if collections.config else b"",
    )
