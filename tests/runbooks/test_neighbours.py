"""Neighbours on the same machines: whatever lies there, no runbook that deletes touches a file of others.

Each example makes a machine's folders, decides as the runbook does, and runs the very commands of its Jobs on
them. What is not this instance's, or is in use, is byte for byte afterwards what it was.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.network.instance import read_instance
from heddle.planner.looks import Facts, LogsLook
from heddle.planner.responses import decide, machinelogs
from heddle.planner.responses.model import Closer, LogFiles
from heddle.planner.volumes import ClaimFacts
from heddle.runbooks.asidelook import Volume, folders_in, free_command, look_command, volumes_of
from heddle.runbooks.nodefolders import announced_folders, folders_left, looked_at
from heddle.runbooks.nodelogs import listed as listed_logs
from heddle.runbooks.nodelogs import look_job as look_at_logs
from heddle.runbooks.nodelogs import trim_job
from heddle.runbooks.residuejobs import clear_job, listed, look_job
from tests.network.samples import plain_instance
from tests.runbooks.machines import execute, fingerprints, link, run_there, write
from tests.runbooks.test_residue import GONE, NOTHING, thing, volume

MACHINES = 200
LOGS, ROOT, UNTOLD = "/var/log/pods", "/data/volumes", "/mnt/volumes"
UIDS = [f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc"]
VOLUMES = [f"pvc-{uid}" for uid in UIDS]
OWN = GONE.namespace
OTHERS = ("fabric-gone-too", "fabric-gon", "gone", "shop", "kube-system")
PODS = ("peer0-a-0", "peer0-a", "orderer0-a-0", OWN)
FILES = (
    "0.log",
    "1.log",
    "0.log.20261130-120000",
    "0.log.20261130-110000.gz",
    "0.log.20261130-100000.tmp",
    "0.log.old",
    "10.log.20261130-120000",
    "notes.txt",
)

names = st.sampled_from
owners = st.sampled_from((OWN, OWN, *OTHERS))
MANY = settings(max_examples=MACHINES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass
class Counted:
    """Count the machines that were tried, and those on which something went."""

    machines: int = 0
    changed: int = 0


@contextmanager
def disk_of(make: Callable[[Path], None]) -> Iterator[Path]:
    """A disk that lives for one example."""
    with tempfile.TemporaryDirectory() as folder:
        disk = Path(folder)
        make(disk)
        yield disk


def below(path: str, folders: Sequence[str]) -> bool:
    """Whether a path is one of these, or in one of them."""
    return any(path == each or path.startswith(f"{each}/") for each in folders)


def spared(before: dict[str, str], mine: Sequence[str]) -> dict[str, str]:
    """What must not change: all that is not in folders, or no file, of one's own."""
    return {path: each for path, each in before.items() if not below(path, mine)}


@dataclass(frozen=True)
class PodFolder:
    """The folder of a pod's logs; `known`: there is such a pod, and Heddle made it for this instance."""

    namespace: str
    pod: str
    uid: str
    files: tuple[str, ...]
    known: bool
    link_to: str = ""

    @property
    def path(self) -> str:
        return f"{LOGS}/{self.namespace}_{self.pod}_{self.uid}"


@st.composite
def pod_folders(draw: st.DrawFn) -> list[PodFolder]:
    """Pods of several instances with nearly the same names; some of the instance's are links to others'."""
    keys = draw(st.lists(st.tuples(owners, names(PODS), names(UIDS)), min_size=1, max_size=8, unique=True))
    found = []
    for namespace, pod, uid in keys:
        files = draw(st.lists(names(FILES), min_size=1, max_size=5, unique=True))
        known = namespace == OWN and draw(st.integers(0, 3)) > 0
        target = draw(names(["", "", "", *(f"{LOGS}/{'_'.join(each)}" for each in keys)])) if known else ""
        link_to = "" if below(target, [f"{LOGS}/{namespace}_{pod}_{uid}"]) else target
        found.append(PodFolder(namespace, pod, uid, tuple(files), known, link_to))
    return found


def make_logs(folders: Sequence[PodFolder]) -> Callable[[Path], None]:
    """Make them on a disk; a link in place of a file, or of the whole folder, leads to somebody else's."""

    def make(disk: Path) -> None:
        real = [each for each in folders if not each.link_to]
        for each in real:
            for number, name in enumerate(each.files):
                path = f"{each.path}/peer/{name}"
                if each.known and number == 4 and len(real) > 1:
                    other = next(one for one in real if one is not each)
                    link(disk, path, f"{other.path}/peer/{other.files[0]}")
                else:
                    write(disk, path, f"{each.path} {name}".encode())
        for each in folders:
            if each.link_to:
                link(disk, each.path, each.link_to)
        write(disk, f"{LOGS}/0.log.20261130-120000")

    return make


def trim(disk: Path, folders: Sequence[PodFolder], *, free: bool) -> None:
    """Look, decide and trim, as the runbook does."""
    pods = [
        {"metadata": {"namespace": each.namespace, "name": each.pod, "uid": each.uid}}
        for each in folders
        if each.known
    ]
    log = execute(look_at_logs("m", "x", LOGS, pods, date="d", place="p"), disk) if pods else ""
    files, elsewhere = listed_logs(log, LOGS, pods)
    seen = LogFiles(image="x", runtime="containerd://2", files=files, elsewhere=elsewhere)
    facts = Facts(stack="s", logs={"m": LogsLook(capacity=100, used=100, pods={"x": 100})})
    # As if every file that is written to were worth emptying.
    with patch.object(machinelogs, "_LEAST", 1):
        decision = decide("node-logs", facts, Closer(logs={"m": seen}), free=free)
    for action in decision.response.actions:
        execute(trim_job("m", "x", action.files, action.emptied, date="d", place="p"), disk)


def test_node_logs_touches_no_neighbours_file() -> None:
    """Nor a file of its own pods that is no log of a kubelet's, nor what a link leads to."""
    counted = Counted()

    @MANY
    @given(pod_folders(), st.booleans())
    def holds(folders: list[PodFolder], free: bool) -> None:
        with disk_of(make_logs(folders)) as disk:
            before = fingerprints(disk)
            mine = [
                f"{each.path}/peer/{name}"
                for each in folders
                for name in each.files
                if each.known and not each.link_to and name in FILES[:4] + FILES[6:7]
                if free or ".log." in name
            ]
            mine = [path for path in mine if not before[path].startswith("→")]

            trim(disk, folders, free=free)

            after = fingerprints(disk)
            assert {path: each for path, each in after.items() if path not in mine} == spared(before, mine)
            assert not [path for path in mine if ".log." in path and path in after]
            counted.machines += 1
            counted.changed += after != before

    holds()
    assert counted.machines >= MACHINES
    assert counted.changed > MACHINES // 10


@dataclass(frozen=True)
class Place:
    """A folder on a machine. `mine`: it is the deleted instance's, and nobody has it."""

    path: str
    mine: bool = False
    kept: dict[str, Any] | None = field(default=None, compare=False)
    """The volume of a living instance that is there."""


@st.composite
def volume_places(draw: st.DrawFn) -> list[Place]:
    """Folders of volumes of several instances, in a folder that is announced and in one that is not."""
    namespace, claim, name = draw(owners), draw(names(("peer0-a", OWN, "data"))), draw(names(VOLUMES))
    forms = (
        f"{namespace}_{claim}_{name}",
        f"{name}_{namespace}_{claim}",
        f"{namespace}_{claim}",
        f"{namespace}-{claim}_x_{name}",
        namespace,
    )
    form = draw(st.integers(0, len(forms) - 1))
    root = draw(names((ROOT, ROOT, UNTOLD)))
    path = f"{root}/{forms[form]}"
    rescued = draw(names(("", "", "itself", "deeper", "by a link")))
    if namespace != OWN or rescued:
        where = {"deeper": f"{path}/deep", "by a link": f"/srv/{path[1:].replace('/', '-')}"}.get(
            rescued, path
        )
        phase = draw(names(("Bound", "Available", "Released")))
        living = volume(phase, namespace="rescue", name=f"living-{form}-{name}", path=where)
        return [Place(path, kept=living)]
    return [Place(path, mine=form in (0, 1) and root == ROOT)]


@st.composite
def left_machines(draw: st.DrawFn) -> list[Place]:
    """A machine with volumes and logs of a deleted instance among those of living ones."""
    volumes = [each for made in draw(st.lists(volume_places(), max_size=6)) for each in made]
    logs = [
        Place(f"{LOGS}/{namespace}_{pod}_{uid}", mine=namespace == OWN)
        for namespace, pod, uid in draw(st.lists(st.tuples(owners, names(PODS), names(UIDS)), max_size=5))
    ]
    # Of one path the first counts, and that somebody lives in it counts more than that nobody does.
    by_path: dict[str, Place] = {}
    for each in (*volumes, *logs):
        by_path.setdefault(each.path, each)
        if each.kept is not None:
            by_path[each.path] = each
    return list(by_path.values())


def make_places(places: Sequence[Place]) -> Callable[[Path], None]:
    """Make them on a disk, each with a file, and the links by which some are used."""

    def make(disk: Path) -> None:
        for root in (LOGS, ROOT, UNTOLD, "/srv"):
            (disk / root.lstrip("/")).mkdir(parents=True)
        for each in places:
            write(disk, f"{each.path}/deep/file", each.path.encode())
            if each.kept and on_the_way(each):
                link(disk, each.kept["spec"]["local"]["path"], each.path)

    return make


def clean(disk: Path, places: Sequence[Place]) -> None:
    """Look, decide and remove, as the runbook does."""
    kept = [each.kept for each in places if each.kept is not None]
    names_of_logs = [each.path.rpartition("/")[2].split("_") for each in places if each.path.startswith(LOGS)]
    pods = [
        thing("Pod", pod, namespace, phase="Running")
        for namespace, pod, _ in names_of_logs
        if namespace != OWN
    ]
    facts = replace(NOTHING, volumes=kept, pods=pods)
    folders = announced_folders(facts, more=[ROOT])
    shown = tuple(dict.fromkeys((LOGS, *folders)))
    positions = looked_at(facts, shown)
    log = execute(look_job("m", "x", shown, date="d", positions=positions), disk)
    listing = listed(log, shown, positions)
    if paths := folders_left(facts, GONE, folders, listing, pod_logs=LOGS):
        execute(clear_job("m", "x", paths, date="d"), disk)


def on_the_way(place: Place) -> bool:
    """Whether a volume is reached through a link."""
    return place.kept is not None and place.kept["spec"]["local"]["path"].startswith("/srv/")


def below_root(paths: Sequence[str]) -> bool:
    """Whether all of these are in the folder of volumes, of which everything is listed."""
    return all(below(path, [ROOT]) for path in paths)


def test_clean_residue_touches_no_neighbours_file() -> None:
    """Nor a folder of the deleted instance that somebody uses by now, at it, in it or through a link."""
    counted = Counted()

    @MANY
    @given(left_machines())
    def holds(places: list[Place]) -> None:
        with disk_of(make_places(places)) as disk:
            before = fingerprints(disk)
            mine = [each.path for each in places if each.mine]

            clean(disk, places)

            after = fingerprints(disk)
            assert spared(after, mine) == spared(before, mine)
            # Where the way to somebody's volume cannot be told every folder stays; else all of it goes.
            linked = [each.path for each in places if on_the_way(each)]
            if below_root(linked):
                assert not [path for path in mine if path in after]
            counted.machines += 1
            counted.changed += after != before

    holds()
    assert counted.machines >= MACHINES
    assert counted.changed > MACHINES // 10


@dataclass(frozen=True)
class Claim:
    """A volume on a machine: what is directly in it, and whether it is full."""

    folder: str
    content: tuple[str, ...]
    full: bool


CONTENT = ("set-aside-1", "set-aside-2-blocks", "set-aside", "set-aside-x y", "ledgersData", "set-aside-link")
with_database = plain_instance()
with_database["peers"][0]["stateDatabase"] = "couchdb0-one"
OWN_VOLUMES = tuple(volumes_of(read_instance(with_database)))


@st.composite
def claims(draw: st.DrawFn) -> dict[str, Claim]:
    """The instance's volumes and those of neighbours, side by side, with what runbooks set aside on them."""
    own = [each.claim for each in OWN_VOLUMES]
    found = {}
    for namespace in ("fabric-dev", "fabric-dev-two", "shop"):
        for claim in own:
            content = tuple(draw(st.lists(names(CONTENT), max_size=4, unique=True)))
            folder = f"{ROOT}/{namespace}_{claim}_{VOLUMES[0]}"
            key = claim if namespace == "fabric-dev" else folder
            found[key] = Claim(folder, content, full=namespace == "fabric-dev" and draw(st.booleans()))
    return found


def make_claims(volumes: dict[str, Claim]) -> Callable[[Path], None]:
    """Make them on a disk; a link leads to what a neighbour's runbook set aside."""

    def make(disk: Path) -> None:
        for each in volumes.values():
            (disk / each.folder.lstrip("/")).mkdir(parents=True)
            for name in each.content:
                if name.endswith("-link"):
                    link(disk, f"{each.folder}/{name}", f"{ROOT}/shop_peer0-one_{VOLUMES[0]}/set-aside-1")
                else:
                    write(disk, f"{each.folder}/{name}/set-aside-3/file", each.folder.encode())

    return make


def free_space(disk: Path, volumes: dict[str, Claim]) -> None:
    """Look into the pods, decide and delete, as the runbook does."""

    def places(each: Volume) -> dict[str, str]:
        return {each.path: f"{disk}{volumes[each.claim].folder}"}

    aside = {
        each.claim: folders_in(run_there(look_command(each.path), places(each)), each.path)
        for each in OWN_VOLUMES
    }
    facts = Facts(stack="s", volumes={each.claim: 0.95 for each in OWN_VOLUMES if volumes[each.claim].full})
    known = {each.claim: ClaimFacts(name=each.claim, requested="1Gi") for each in OWN_VOLUMES}
    closer = Closer(claims=known, aside=aside, databases={"peer0-one": "couchdb0-one"})
    by_pod = {each.pod: each for each in OWN_VOLUMES}
    for action in decide("disk-full", facts, closer, free=True).response.actions:
        run_there(free_command(action.files), places(by_pod[action.pod]))


def test_disk_full_touches_no_neighbours_file() -> None:
    """Nor a volume of its own that is not full, nor anything that no runbook set aside."""
    counted = Counted()

    @MANY
    @given(claims())
    def holds(volumes: dict[str, Claim]) -> None:
        with disk_of(make_claims(volumes)) as disk:
            before = fingerprints(disk)
            mine = [
                f"{each.folder}/{name}"
                for each in volumes.values()
                for name in each.content
                if each.full and name in CONTENT[:2]
            ]

            free_space(disk, volumes)

            after = fingerprints(disk)
            assert after == spared(before, mine)
            counted.machines += 1
            counted.changed += after != before

    holds()
    assert counted.machines >= MACHINES
    assert counted.changed > MACHINES // 10
