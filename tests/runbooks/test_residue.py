"""What counts as left by a deleted instance, and what never does."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.errors import RunbookError
from heddle.runbooks.residue import (
    Facts,
    Target,
    deleted_instances,
    directories_left,
    node_folders,
    plan_for,
    signs_of_life,
)

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
    assert plan.directories == {"one": ("/volumes/a",)}
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


LOGS = "/var/log/pods"


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (f"{LOGS}/fabric-gone_peer0-a-0_{UID}", True),
        (f"{LOGS}/fabric-gone-too_peer0-a-0_{UID}", False),
        (f"{LOGS}/kube-system_fabric-gone_{UID}", False),
        (f"/volumes/fabric-gone_peer0-a_{VOLUME}", True),
        (f"/volumes/{VOLUME}_fabric-gone_peer0-a", True),
        (f"/volumes/fabric-gone2_peer0-a_{VOLUME}", False),
        ("/volumes/fabric-gone_peer0-a_backup", False),
        ("/volumes/fabric-gone", False),
        (f"/volumes/fabric-gone_peer0-a_{VOLUME}_x", False),
        (f"/volumes/-rf_fabric-gone_{VOLUME}", False),
    ],
)
def test_a_folder_is_known_by_its_whole_name(path: str, left: bool) -> None:
    """Log folders are NAMESPACE_POD_UID, volumes name namespace, claim and volume: nothing alike will do."""
    assert directories_left(NOTHING, GONE, LOGS, [path]) == ([path] if left else [])


def test_a_folder_that_a_volume_still_has_stays() -> None:
    """By path or by the volume's name: a volume that is not to go keeps its folder."""
    path = f"/volumes/fabric-gone_peer0-a_{VOLUME}"
    by_path = replace(NOTHING, volumes=[volume("Bound", namespace="other", name="v", path=path)])
    by_name = replace(NOTHING, volumes=[volume("Available", namespace="")])

    assert directories_left(by_path, GONE, LOGS, [path]) == []
    assert directories_left(by_name, GONE, LOGS, [path]) == []


@given(
    st.lists(
        st.text(alphabet="fabric-gone_/.*0123456789pvc", max_size=60).map(lambda name: f"/volumes/{name}")
    )
)
def test_no_name_makes_it_leave_its_folder(listing: list[str]) -> None:
    """Whatever a node lists, what goes is directly within the folder that was listed."""
    for path in directories_left(NOTHING, GONE, LOGS, listing):
        assert path.count("/") == 2
        assert ".." not in path


def test_folders_to_look_into() -> None:
    """Logs, where volumes are, what StorageClasses say; never a whole disk."""
    annotated = thing("StorageClass", "local") | {"provisioner": "heddle/local-folder"}
    annotated["metadata"]["annotations"] = {"heddle.dev/volumes": "/data/volumes"}
    known = thing("StorageClass", "path") | {"provisioner": "rancher.io/local-path"}
    facts = replace(
        NOTHING,
        classes=[annotated, known],
        volumes=[volume("Bound", path="/disk1/a"), volume("Bound", path="/b")],
    )

    assert node_folders(facts, pod_logs=LOGS, more=["/mine"]) == (
        LOGS,
        "/data/volumes",
        "/disk1",
        "/mine",
        "/opt/local-path-provisioner",
    )
