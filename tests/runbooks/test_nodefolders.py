"""Which folders of a node go, and that no neighbour's ever does."""

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.runbooks.nodefolders import (
    Listing,
    announced_folders,
    folders_left,
    looked_at,
    notes_on_folders,
)
from heddle.runbooks.residueobjects import Facts
from tests.runbooks.test_residue import GONE, NOTHING, UID, VOLUME, thing, volume

LOGS = "/var/log/pods"
ROOT = "/data/volumes"
NAMED = f"{ROOT}/fabric-gone_peer0-a_{VOLUME}"


def listing(*folders: str, links: dict[str, str] | None = None, facts: Facts = NOTHING) -> Listing:
    """What a node has; everything on the way was looked at."""
    ways = {str(way) for each in (*folders, *(links or {})) for way in PurePosixPath(each).parents} - {"/"}
    return Listing(
        folders=frozenset({*folders, *ways} - {*(links or {})}),
        links=links or {},
        looked_at=frozenset({*looked_at(facts, (LOGS, ROOT)), *ways}),
        contents=frozenset({LOGS, ROOT}),
    )


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (f"{LOGS}/fabric-gone_peer0-a-0_{UID}", True),
        (f"{LOGS}/fabric-gone-too_peer0-a-0_{UID}", False),
        (f"{LOGS}/kube-system_fabric-gone_{UID}", False),
        (NAMED, True),
        (f"{ROOT}/{VOLUME}_fabric-gone_peer0-a", True),
        (f"{ROOT}/fabric-gone2_peer0-a_{VOLUME}", False),
        (f"{ROOT}/shop_fabric-gone_{VOLUME}", False),
        (f"{ROOT}/{VOLUME}_shop_fabric-gone", False),
        (f"{ROOT}/fabric-gone_peer0-a_backup", False),
        (f"{ROOT}/fabric-gone", False),
        (f"{ROOT}/fabric-gone_peer0-a_{VOLUME}_x", False),
        (f"{ROOT}/-rf_fabric-gone_{VOLUME}", False),
        (f"/elsewhere/fabric-gone_peer0-a_{VOLUME}", False),
        (f"{ROOT}/below/fabric-gone_peer0-a_{VOLUME}", False),
    ],
)
def test_a_folder_is_known_by_its_whole_name_and_place(path: str, left: bool) -> None:
    """Logs are NAMESPACE_POD_UID, volumes name namespace, claim and volume: nothing alike will do."""
    found = folders_left(NOTHING, GONE, [ROOT], listing(path), pod_logs=LOGS)

    assert found == ([path] if left else [])


@pytest.mark.parametrize("path", ["/var/lib/etcd", "/data/peer0", f"{ROOT}/peer0", ROOT, "/"])
def test_what_a_volume_says_of_itself_is_not_enough(path: str) -> None:
    """Whoever may write a volume could name any folder of the machine; the plan says that it stays."""
    facts = replace(NOTHING, volumes=[volume("Released", name="old", path=path)])
    seen = listing(path, facts=facts)

    assert folders_left(facts, GONE, [ROOT], seen) == []
    assert ("its folder /" in "".join(notes_on_folders(facts, GONE, {"one": seen}, {}))) is (path != "/")


@pytest.mark.parametrize(
    "living",
    [NAMED, f"{NAMED}/rescued", f"{NAMED}/", f"{ROOT}//{NAMED.rpartition('/')[2]}/.", ROOT, "/data", "/"],
    ids=["equal", "below", "slash", "written otherwise", "the root", "above it", "the disk"],
)
def test_a_folder_that_a_living_volume_shares_stays(living: str) -> None:
    """Equal to it, above it or below it, in whatever state that volume is."""
    for phase in ("Bound", "Available", "Released"):
        others = volume(phase, namespace="rescue", name="recovered", path=living)
        facts = replace(NOTHING, volumes=[volume("Released", path=NAMED), others])
        if not living.strip("/"):
            continue
        assert folders_left(facts, GONE, [ROOT], listing(NAMED, living, facts=facts)) == [], phase


@pytest.mark.parametrize(
    ("links", "living", "told"),
    [
        ({"/mnt/old": NAMED}, "/mnt/old", True),
        ({"/mnt/old": "/data"}, "/mnt/old/volumes", True),
        ({"/mnt/old": "../data/volumes"}, f"/mnt/old/{NAMED.rpartition('/')[2]}/rescued", False),
        ({f"{ROOT}/alias": NAMED}, f"{ROOT}/alias", True),
        ({"/mnt/a": "/mnt/b", "/mnt/b": "/mnt/a"}, "/mnt/a/x", False),
        ({"/mnt/old": "/disk2/data"}, "/mnt/old/x", False),
        ({"/mnt/old": "/data/other"}, "/mnt/old/x", False),
    ],
    ids=["to it", "above it", "below it", "in the root", "a circle", "not looked at", "beside the root"],
)
def test_links_are_resolved(links: dict[str, str], living: str, told: bool) -> None:
    """Where a link leads to what was not looked at, every folder stays and the plan says why."""
    facts = replace(NOTHING, volumes=[volume("Bound", namespace="rescue", name="recovered", path=living)])
    seen = listing(NAMED, links=links, facts=facts)

    assert folders_left(facts, GONE, [ROOT], seen) == []
    assert ("cannot be told" in "".join(notes_on_folders(facts, GONE, {"one": seen}, {}))) is not told


def test_a_volume_that_stays_keeps_the_folder_of_its_name() -> None:
    """Wherever it says that its data is."""
    facts = replace(NOTHING, volumes=[volume("Available", namespace="")])

    assert folders_left(facts, GONE, [ROOT], listing(NAMED)) == []


def test_a_folder_that_a_pod_mounts_stays() -> None:
    """Static pods mount folders of their machine; agents mount whole roots, which says nothing."""

    def mounting(path: str) -> Facts:
        pod = thing("Pod", "x", "kube-system", phase="Running")
        return replace(NOTHING, pods=[{**pod, "spec": {"volumes": [{"hostPath": {"path": path}}]}}])

    assert folders_left(mounting(f"{NAMED}/x"), GONE, [ROOT], listing(NAMED)) == []
    assert folders_left(mounting(ROOT), GONE, [ROOT], listing(NAMED)) == [NAMED]


def test_only_the_volumes_that_are_meant() -> None:
    """Of an instance that lives, no other folder goes."""
    other = f"{ROOT}/fabric-gone_peer1-a_pvc-{UID.replace('a', 'b')}"

    found = folders_left(NOTHING, GONE, [ROOT], listing(NAMED, other), only=frozenset({VOLUME}))

    assert found == [NAMED]


def test_folders_are_announced_by_provisioners() -> None:
    """By a StorageClass, local-path's settings or default, or a person; never by a volume, nor a tenant."""

    def settings_of_local_path(namespace: str, path: str) -> dict[str, Any]:
        content = f'{{"nodePathMap": [{{"node": "x", "paths": ["{path}"]}}]}}'
        return thing("ConfigMap", "local-path-config", namespace) | {"data": {"config.json": content}}

    annotated = thing("StorageClass", "local") | {"provisioner": "heddle/local-folder"}
    annotated["metadata"]["annotations"] = {"heddle.dev/volumes": ROOT}
    known = thing("StorageClass", "path") | {"provisioner": "rancher.io/local-path"}
    broken = thing("ConfigMap", "local-path-config", "kube-system") | {"data": {"config.json": "[]"}}
    facts = replace(
        NOTHING,
        classes=[annotated, known],
        volumes=[volume("Bound", path="/disk1/a"), volume("Bound", path="/b")],
        objects=[
            settings_of_local_path("local-path-storage", "/ssd/volumes"),
            settings_of_local_path("tenant", "/var/lib"),
            broken,
        ],
    )

    found = announced_folders(facts, more=["/mine", "/"])

    assert found == ("/", ROOT, "/mine", "/opt/local-path-provisioner", "/ssd/volumes")[1:]


@dataclass(frozen=True)
class Machine:
    """A node's disk: folders, and links with their targets."""

    folders: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)

    def real(self, path: str) -> str:
        """The path with all links resolved, as the kernel does it; a circle leads nowhere."""
        done, left, hops = "/", [part for part in PurePosixPath(path).parts if part != "/"], 0
        while left:
            step = str(PurePosixPath(done, left.pop(0)))
            if step in self.links:
                hops += 1
                if hops > 40:
                    return "/nowhere"
                left = [*(part for part in PurePosixPath(self.links[step]).parts if part != "/"), *left]
                done = "/"
            else:
                done = step
        return done

    def look(self, facts: Facts, roots: tuple[str, ...]) -> Listing:
        """What `find` prints of it (heddle.runbooks.residuejobs)."""
        positions = {*looked_at(facts, roots), "/"}

        def is_seen(path: str) -> bool:
            ways = [str(each) for each in PurePosixPath(path).parents if str(each) != "/"]
            reached = all(way in self.folders and way in positions for way in ways)
            return reached and (path in positions or str(PurePosixPath(path).parent) in roots)

        return Listing(
            folders=frozenset(filter(is_seen, self.folders)),
            links={path: target for path, target in self.links.items() if is_seen(path)},
            looked_at=frozenset(positions - {"/"}),
            contents=frozenset(roots),
        )


OTHER = f"pvc-{UID.replace('a', 'b')}"
FOLDERS = [
    f"{ROOT}/{name}" for name in (f"shop_fabric-gone_{OTHER}", f"{OTHER}_shop_fabric-gone", "fabric-gone")
]
PARTS = st.sampled_from(["data", "volumes", "mnt", "srv", f"fabric-gone_peer0-a_{VOLUME}", "deep"])
ALIASES = ("/mnt/alias", "/srv/alias", "/data/alias", f"{ROOT}/alias")
PATHS = (
    st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
    | st.sampled_from([*ALIASES, *FOLDERS, NAMED, ROOT])
    | st.sampled_from(ALIASES).flatmap(lambda path: PARTS.map(lambda part: f"{path}/{part}"))
)
NAMESPACES = st.sampled_from(["fabric-gone", "shop", "fabric-gone-too", ""])
NAMES = st.sampled_from([VOLUME, f"pvc-{UID.replace('a', 'b')}", "old"])


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """A disk with the folder of the deleted instance among others'; links lead anywhere."""
    machine = Machine()
    links = draw(
        st.dictionaries(st.sampled_from(ALIASES), st.sampled_from([NAMED, ROOT]) | PATHS, max_size=4)
    )
    for path in [NAMED, "/mnt/x", "/srv/x", *draw(st.lists(PATHS, max_size=8))]:
        ways = [path, *map(str, PurePosixPath(path).parents)]
        if not set(ways) & links.keys():
            machine.folders.update(ways)
    machine.links.update(links)
    machine.folders.discard("/")
    return machine


@st.composite
def volumes(draw: st.DrawFn) -> dict[str, Any]:
    """A volume of anybody in any state, with any path."""
    phase = draw(st.sampled_from(["Bound", "Available", "Released", "Failed", "Pending"]))
    path = draw(st.sampled_from([NAMED, *ALIASES]) | PATHS)
    made = volume(phase, namespace=draw(NAMESPACES), name=draw(NAMES), path=path)
    made["spec"]["claimRef"]["name"] = draw(st.sampled_from(["peer0-a", "peer1-a"]))
    return made


def related(one: str, other: str) -> bool:
    """Whether one is the other, or within it."""
    first, second = PurePosixPath(one), PurePosixPath(other)
    return first.is_relative_to(second) or second.is_relative_to(first)


@settings(max_examples=500)
@given(machines(), st.lists(volumes(), max_size=3), st.lists(PATHS, max_size=1))
def test_no_neighbour_ever_loses_a_folder(
    machine: Machine, theirs: list[dict[str, Any]], more: list[str]
) -> None:
    """Five hundred clusters: what goes is named as the instance's, below a root, and touches nothing kept."""
    facts = replace(NOTHING, volumes=[volume("Released", path=NAMED), *theirs])
    roots = announced_folders(facts, more=[ROOT, *more])

    gone = folders_left(facts, GONE, roots, machine.look(facts, roots))

    kept = [
        each
        for each in facts.volumes
        if each["spec"]["claimRef"]["namespace"] != GONE.namespace
        or each["status"]["phase"] not in ("Released", "Failed")
    ]
    for path in gone:
        assert str(PurePosixPath(path).parent) in roots
        parts = PurePosixPath(path).name.split("_")
        assert GONE.namespace == parts[1 if parts[0].startswith("pvc-") else 0]
        assert machine.real(path) == path
        for each in kept:
            living = each["spec"]["local"]["path"]
            assert not related(path, living), living
            assert not related(path, machine.real(living)), living


def test_the_fuzzed_clusters_do_lose_what_is_left() -> None:
    """The same machinery takes the folder where nobody shares it: the test above is not of nothing."""
    machine = Machine(folders={"/data", ROOT, NAMED, "/mnt", "/mnt/shop"})
    others = volume("Bound", namespace="shop", name="v", path="/mnt/shop")
    facts = replace(NOTHING, volumes=[volume("Released", path=NAMED), others])

    assert folders_left(facts, GONE, (ROOT,), machine.look(facts, (ROOT,))) == [NAMED]
