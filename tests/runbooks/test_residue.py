"""What counts as left by a deleted instance, and what never does."""

from dataclasses import replace
from typing import Any

import pytest

from heddle.errors import RunbookError
from heddle.runbooks.residue import deleted_instances, plan_for, signs_of_life
from heddle.runbooks.residueobjects import Facts, Target

GONE = Target(instance="gone", namespace="fabric-gone")
LABELS = {"app.kubernetes.io/instance": "gone", "app.kubernetes.io/managed-by": "heddle"}
UID = "0a0a0a0a-0000-0000-0000-000000000000"
VOLUME = f"pvc-{UID}"
NOTHING = Facts(namespaces=(), pods=(), claims=(), volumes=(), classes=(), objects=(), stacks={})


def thing(
    kind: str, name: str, namespace: str = "", *, phase: str = "", labels: Any = None
) -> dict[str, Any]:
    """An object with as much as the plan reads."""
    metadata = {"name": name, "labels": labels or {}, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "status": {"phase": phase}}


def volume(
    phase: str, *, namespace: str = "fabric-gone", name: str = VOLUME, path: str = ""
) -> dict[str, Any]:
    """A volume that a claim of this namespace has or had, on node `one` if it has a path."""
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["one"]}]}]
    spec: dict[str, Any] = {"claimRef": {"namespace": namespace, "name": "peer0-a"}}
    if path:
        spec |= {"local": {"path": path}, "nodeAffinity": {"required": {"nodeSelectorTerms": terms}}}
    return {"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}}


@pytest.mark.parametrize(
    "facts",
    [
        replace(NOTHING, pods=[thing("Pod", "peer0-a-0", "fabric-gone", phase="Pending")]),
        replace(NOTHING, pods=[thing("Pod", "x", "elsewhere", phase="Running", labels=LABELS)]),
        replace(NOTHING, claims=[thing("PersistentVolumeClaim", "peer0-a", "fabric-gone", phase="Bound")]),
        replace(NOTHING, claims=[thing("PersistentVolumeClaim", "peer0-a", "fabric-gone", phase="Pending")]),
        replace(NOTHING, volumes=[volume("Bound")]),
        replace(NOTHING, stacks={"fabric-gone": "gone"}),
        replace(NOTHING, stacks={"another-namespace": "gone"}),
    ],
    ids=["pod", "labelled pod", "claim", "waiting claim", "bound volume", "stack", "stack elsewhere"],
)
def test_any_sign_of_life_refuses(facts: Facts) -> None:
    """One pod, claim, bound volume or stack is enough: nothing of the instance is planned."""
    assert signs_of_life(facts, GONE)
    with pytest.raises(RunbookError, match="lives, nothing of it is touched"):
        plan_for(facts, GONE)


def test_what_is_left_goes() -> None:
    """Released volumes with their folders, lost claims, and the namespace with all that was its own."""
    facts = replace(
        NOTHING,
        namespaces=[thing("Namespace", "fabric-gone", labels=LABELS)],
        claims=[thing("PersistentVolumeClaim", "peer0-a", "fabric-gone", phase="Lost", labels=LABELS)],
        volumes=[volume("Released", path="/volumes/a")],
        objects=[
            thing("Secret", "peer0-a", "fabric-gone", labels=LABELS),
            thing("ConfigMap", "kube-root-ca.crt", "fabric-gone"),
            thing("ClusterRole", "gone-reader", labels=LABELS),
            thing("ClusterRole", "admin"),
        ],
    )

    plan = plan_for(facts, GONE)

    assert plan.volumes == (VOLUME,)
    assert plan.directories == {}, "a volume's own path is not enough: nodefolders decides"
    assert [(each["kind"], each["name"]) for each in plan.objects] == [
        ("ClusterRole", "gone-reader"),
        ("Namespace", "fabric-gone"),
    ]


def test_a_namespace_with_others_things_stays() -> None:
    """What somebody else put into it is not Heddle's to delete; its own objects go one by one."""
    facts = replace(
        NOTHING,
        namespaces=[thing("Namespace", "fabric-gone", labels=LABELS)],
        objects=[
            thing("Secret", "peer0-a", "fabric-gone", labels=LABELS),
            thing("ConfigMap", "notes", "fabric-gone"),
        ],
    )

    plan = plan_for(facts, GONE)

    assert [(each["kind"], each["name"]) for each in plan.objects] == [("Secret", "peer0-a")]
    assert "others have something in it (ConfigMap notes)" in plan.notes[0]


@pytest.mark.parametrize("labels", [{}, {**LABELS, "app.kubernetes.io/instance": "another"}])
def test_what_a_namespace_of_others_left_stays(labels: dict[str, str]) -> None:
    """A namespace without the instance's label is somebody else's, and its retained volumes may be, too."""
    facts = replace(
        NOTHING,
        namespaces=[thing("Namespace", "fabric-gone", labels=labels)],
        volumes=[volume("Released", path="/volumes/a")],
        objects=[thing("Secret", "x", "fabric-gone", labels=LABELS)],
    )

    with pytest.raises(RunbookError, match="namespace fabric-gone is there, and not this instance's"):
        plan_for(facts, GONE)


def test_deleted_instances_are_found() -> None:
    """By the labels of a namespace, and by the name in a released volume; those that live are not."""
    facts = replace(
        NOTHING,
        namespaces=[
            thing("Namespace", "own", labels={**LABELS, "app.kubernetes.io/instance": "named"}),
            thing("Namespace", "fabric-alive", labels={**LABELS, "app.kubernetes.io/instance": "alive"}),
        ],
        volumes=[volume("Released"), volume("Released", namespace="shop", name="pvc-2")],
        stacks={"fabric-alive": "alive"},
    )

    assert deleted_instances(facts) == [GONE, Target(instance="named", namespace="own")]
