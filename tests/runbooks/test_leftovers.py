"""What nodes that left an instance leave behind: it goes when it is named, and nothing else does."""

from dataclasses import replace
from typing import Any

import pytest

from heddle.errors import RunbookError
from heddle.runbooks.leftovers import leftover_claims, plan_leftovers
from heddle.runbooks.residue import living_data
from heddle.runbooks.residueobjects import Facts, Target
from tests.runbooks.test_residue import NOTHING, thing, volume

LIVES = Target(instance="lives", namespace="fabric-lives")
LABELS = {"app.kubernetes.io/instance": "lives", "app.kubernetes.io/managed-by": "heddle"}
OLD, RUNNING = "orderer3-o", "orderer0-o"


def mounting(kind: str, name: str, claim: str) -> dict[str, Any]:
    """A pod or a StatefulSet of the instance that mounts a claim."""
    pod = {"volumes": [{"name": "ledger", "persistentVolumeClaim": {"claimName": claim}}]}
    spec = pod if kind == "Pod" else {"template": {"spec": pod}}
    return {**thing(kind, name, "fabric-lives", phase="Succeeded", labels=LABELS), "spec": spec}


def cluster(reclaim: str = "Delete") -> Facts:
    """An instance with one node, the claim of another that left, and a neighbour's claim of that name."""

    def bound(namespace: str, claim: str, name: str) -> dict[str, Any]:
        made = volume("Bound", namespace=namespace, name=name, path=f"/data/{name}")
        made["spec"] |= {"claimRef": {"namespace": namespace, "name": claim}}
        made["spec"] |= {"persistentVolumeReclaimPolicy": reclaim}
        return made

    return replace(
        NOTHING,
        claims=[
            thing("PersistentVolumeClaim", OLD, "fabric-lives", phase="Bound", labels=LABELS),
            thing("PersistentVolumeClaim", RUNNING, "fabric-lives", phase="Bound", labels=LABELS),
            thing("PersistentVolumeClaim", "notes", "fabric-lives", phase="Bound"),
            thing("PersistentVolumeClaim", OLD, "shop", phase="Bound", labels=LABELS),
        ],
        volumes=[
            bound("fabric-lives", OLD, "old"),
            bound("fabric-lives", RUNNING, "running"),
            bound("shop", OLD, "shops"),
        ],
        objects=[mounting("StatefulSet", RUNNING, RUNNING)],
        stacks={"fabric-lives": "lives"},
    )


def test_a_leftover_is_a_claim_that_no_node_has() -> None:
    """Of the instance alone, with Heddle's labels, mounted by nothing and not in the stack's state."""
    assert leftover_claims(cluster(), LIVES, [RUNNING]) == [OLD]
    assert leftover_claims(cluster(), LIVES, [RUNNING, OLD]) == []


@pytest.mark.parametrize(("reclaim", "volumes"), [("Delete", ()), ("Retain", ("old",))])
def test_a_leftover_goes_with_its_volume(reclaim: str, volumes: tuple[str, ...]) -> None:
    """Its claim alone where that takes the volume along; whatever else there is must be there afterwards."""
    left = plan_leftovers(cluster(reclaim), LIVES, [OLD], [RUNNING])

    assert [(each["kind"], each["namespace"], each["name"]) for each in left.plan.objects] == [
        ("PersistentVolumeClaim", "fabric-lives", OLD)
    ]
    assert left.plan.volumes == volumes
    assert left.volumes == {"old"}
    assert living_data(left.facts, left.plan) == {
        "volumes": ["running", "shops"],
        "claims": ["fabric-lives/notes", f"fabric-lives/{RUNNING}", f"shop/{OLD}"],
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (RUNNING, "a node of the instance uses it"),
        ("notes", "the instance has no claim of this name"),
        ("orderer9-o", "the instance has no claim of this name"),
    ],
)
def test_what_is_no_leftover_is_refused(name: str, words: str) -> None:
    """With the leftovers there are; nothing of what was named goes then."""
    with pytest.raises(RunbookError, match=words) as refused:
        plan_leftovers(cluster(), LIVES, [OLD, name], [RUNNING])

    assert f"Leftovers of instance lives are: {OLD}." in str(refused.value)


def test_a_claim_that_something_holds_is_refused() -> None:
    """A pod, though it has ended, and the stack's own state: each with what to do."""
    held = cluster()
    held = replace(held, pods=[mounting("Pod", "mend-1", OLD)])
    with pytest.raises(RunbookError, match=r"pod mend-1 .* uses claim"):
        plan_leftovers(held, LIVES, [OLD], [RUNNING])

    with pytest.raises(RunbookError, match="an `up` without its node lets it go"):
        plan_leftovers(cluster(), LIVES, [OLD], [RUNNING, OLD])
