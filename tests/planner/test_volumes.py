"""A claim gets a size only where Kubernetes gives it one, and is called done only when it has it."""

from fractions import Fraction
from itertools import product

from heddle.planner.volumes import ClaimFacts, growth_refusal, missing_size, waits_for_restart
from heddle.quantities import amount

SIZES = ("5Gi", "5120Mi", "10Gi", "20Gi")


def _claims() -> list[ClaimFacts]:
    """Every claim: request, capacity, with and without a volume, an obstacle, conditions."""
    obstacles, conditions = ("", "its class does not"), ((), ("Resizing",), ("FileSystemResizePending",))
    return [
        ClaimFacts(
            name="peer0",
            requested=requested,
            capacity=capacity if volume else "",
            volume=volume,
            obstacle=obstacle,
            conditions=condition,
        )
        for requested, capacity, volume, obstacle, condition in product(
            SIZES, SIZES, ("", "pv"), obstacles, conditions
        )
    ]


def _held(claim: ClaimFacts) -> Fraction:
    return max(map(amount, filter(None, (claim.requested, claim.capacity))))


def test_kubernetes_takes_what_is_not_refused() -> None:
    """Larger than what it has, of a class that lets it grow, with a volume; or what it asks for already."""
    for claim, wanted in product(_claims(), SIZES):
        same = amount(wanted) == amount(claim.requested)
        grows = amount(wanted) >= _held(claim) and bool(claim.volume) and not claim.obstacle
        assert (growth_refusal(claim, wanted) == "") == (same or grows), (claim, wanted)


def test_a_volume_is_done_when_it_is_large_enough() -> None:
    """One that does not exist yet is made in the right size; a restart helps only the file system."""
    for claim, wanted in product(_claims(), SIZES):
        done = not claim.volume or amount(claim.capacity) >= amount(wanted)
        assert (missing_size(claim, wanted) == "") == done
        pending = not done and claim.conditions == ("FileSystemResizePending",)
        assert waits_for_restart(claim, wanted) == pending


def test_words_name_what_is_there_and_what_is_wanted() -> None:
    """The larger of request and capacity is what no volume goes below."""
    claim = ClaimFacts(
        name="peer0", requested="20Gi", capacity="10Gi", volume="pv", conditions=("Resizing",), words="soon"
    )
    assert missing_size(claim, "20Gi") == "peer0: 10Gi of 20Gi, Resizing: soon"
    assert growth_refusal(claim, "15Gi") == "peer0: 20Gi → 15Gi: no volume shrinks"
