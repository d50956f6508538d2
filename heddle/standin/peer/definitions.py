"""Chaincode definitions and approvals as a stand-in keeps them in the `_lifecycle` namespace.

Upstream keeps an organization's approval in its private data and only hashes on the ledger. Stand-ins have no
private data: approvals are public entries, one per organization, that only this organization may write.
"""

from collections.abc import Iterator
from typing import Protocol, TypeAlias

from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.standin.peer.state import State

__all__ = [
    "LIFECYCLE",
    "Reads",
    "approval",
    "approval_key",
    "approvals_of",
    "definition",
    "definition_key",
    "definitions",
    "writer_of",
]

LIFECYCLE = "_lifecycle"
Approval: TypeAlias = lifecycle_pb2.QueryApprovedChaincodeDefinitionResult
Definition: TypeAlias = lifecycle_pb2.QueryChaincodeDefinitionResult


class Reads(Protocol):
    """A simulation, or the committed state behind `Committed`."""

    def get(self, namespace: str, key: str) -> bytes | None:
        """A value."""

    def between(self, namespace: str, start: str, end: str) -> list[tuple[str, bytes]]:
        """Values of a range of keys."""


class Committed:
    """Reads the state without recording."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, namespace: str, key: str) -> bytes | None:
        """A value."""
        stored = self._state.get(namespace, key)
        return stored.value if stored else None

    def between(self, namespace: str, start: str, end: str) -> list[tuple[str, bytes]]:
        """Values of a range of keys."""
        return [(key, stored.value) for key, stored in self._state.between(namespace, start, end)]


def definition_key(name: str) -> str:
    """Where a committed definition is."""
    return f"definitions/{name}"


def approval_key(msp_id: str, name: str, sequence: int) -> str:
    """Where an organization's approval is."""
    return f"approvals/{msp_id}/{name}#{sequence}"


def writer_of(key: str) -> str | None:
    """The MSP id of the one organization that may write a key; None where the channel decides."""
    return key.split("/")[1] if key.startswith("approvals/") else None


def definition(reads: Reads, name: str) -> Definition | None:
    """The committed definition of a chaincode."""
    value = reads.get(LIFECYCLE, definition_key(name))
    return None if value is None else Definition.FromString(value)


def definitions(reads: Reads) -> Iterator[tuple[str, Definition]]:
    """All committed definitions, by name."""
    for key, value in reads.between(LIFECYCLE, "definitions/", "definitions0"):
        yield key.removeprefix("definitions/"), Definition.FromString(value)


def approval(reads: Reads, msp_id: str, name: str, sequence: int) -> Approval | None:
    """What an organization approved."""
    value = reads.get(LIFECYCLE, approval_key(msp_id, name, sequence))
    return None if value is None else Approval.FromString(value)


def approvals_of(reads: Reads, msp_id: str) -> Iterator[tuple[str, Approval]]:
    """All approvals of an organization, with the chaincode's name."""
    prefix = f"approvals/{msp_id}/"
    for key, value in reads.between(LIFECYCLE, prefix, prefix[:-1] + "0"):
        yield key.removeprefix(prefix).rpartition("#")[0], Approval.FromString(value)
