"""Decide whether a node's volume may get another size, and whether it has it: facts in, words out."""

from dataclasses import dataclass

from heddle.quantities import amount

__all__ = ["ClaimFacts", "growth_refusal", "missing_size", "waits_for_restart"]

_NODE_STEP = "FileSystemResizePending"
"""Condition of a claim: the volume is larger, and the file system on it grows where the pod runs."""


@dataclass(frozen=True, kw_only=True)
class ClaimFacts:
    """Describe a claim as the cluster has it.

    requested, capacity: quantities, what it asks for and what it has; no capacity before it has a volume.
    volume: the name of its volume; empty while it has none.
    obstacle: why its class lets no volume grow, in words; empty if it does, and where nobody may look.
    conditions: Kubernetes' names of what is under way: Resizing, FileSystemResizePending, and others.
    words: what a controller said of the last of them.
    """

    name: str
    requested: str
    capacity: str = ""
    volume: str = ""
    obstacle: str = ""
    conditions: tuple[str, ...] = ()
    words: str = ""


def growth_refusal(claim: ClaimFacts, wanted: str) -> str:
    """Return why the claim cannot get this size; empty if it may, or has it.

    Kubernetes lets no claim shrink, and lets those grow that have a volume of a class that allows it.
    Source: pkg/apis/core/validation ValidatePersistentVolumeClaimUpdate, plugin/pkg/admission/storage/
    persistentvolume/resize (Kubernetes 1.34).
    """
    if not claim.requested:
        return ""
    least = max(map(amount, filter(None, (claim.requested, claim.capacity))))
    if amount(wanted) == amount(claim.requested):
        return ""
    if amount(wanted) < least:
        held = claim.capacity if claim.capacity and amount(claim.capacity) == least else claim.requested
        return f"{claim.name}: {held} → {wanted}: no volume shrinks"
    if not claim.volume:
        return f"{claim.name}: {claim.requested} → {wanted}: it has no volume yet; its pod must start first"
    return f"{claim.name}: {claim.requested} → {wanted}: {claim.obstacle}" if claim.obstacle else ""


def missing_size(claim: ClaimFacts, wanted: str) -> str:
    """Return in words what the volume lacks of its size; empty if it has it, or is no volume yet."""
    if not claim.volume or not claim.capacity or amount(claim.capacity) >= amount(wanted):
        return ""
    state = ", ".join(claim.conditions) or "not begun"
    words = f": {claim.words}" if claim.words else ""
    return f"{claim.name}: {claim.capacity} of {wanted}, {state}{words}"


def waits_for_restart(claim: ClaimFacts, wanted: str) -> bool:
    """Tell whether only the file system is left to grow, which some drivers do when the pod starts."""
    return bool(missing_size(claim, wanted)) and _NODE_STEP in claim.conditions
