"""What `heddle access grant` gives: each role with a kubeconfig of its own, without state and passphrase.

On the cluster of test_network.py, on a small network. Who may what is data: tests/cases/access.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes
import pytest
import yaml

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.people import Person, apply, person
from tests.e2e.project import Project, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
CASES = Path(__file__).parent.parent / "cases/access"
RIGHTS: list[dict[str, Any]] = yaml.safe_load((CASES / "rights.yaml").read_text())
VERBS: list[dict[str, Any]] = yaml.safe_load((CASES / "verbs.yaml").read_text())
ROLES = ("viewer", "operator", "admin")
NAMESPACE = "fabric-rights"


@pytest.fixture(scope="module")
def stack(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One orderer, one peer, the sample chaincode."""
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(tmp_path_factory.mktemp("rights") / "project", stack=CLUSTER, base=base)
    stack.edit_to_smallest("rights")
    stack.ok("heddle", "up", CLUSTER, "--yes")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


@pytest.fixture(scope="module")
def administrator(project: Project) -> Path:
    """The kubeconfig of the cluster's administrator."""
    return project.administrator(CLUSTER)


@pytest.fixture(scope="module")
def people(
    stack: Project, administrator: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Person]:
    """One person for each role: the folder that `access grant` wrote, and the rights in it applied."""
    homes, made = tmp_path_factory.mktemp("people"), {}
    for role in ROLES:
        made[role] = granted(stack, person(administrator, f"{role}-1", homes / role), role)
        apply(administrator, (made[role].home / "access/rbac.yaml").read_text())
    return made


def granted(stack: Project, somebody: Person, role: str) -> Person:
    """Write somebody's access folder, as the owner of the stack does."""
    words = ("--role", role, "--user", somebody.name, "--org", "organization")
    stack.ok("heddle", "access", "grant", CLUSTER, *words, "--out", str(somebody.home / "access"))
    return somebody


def review(somebody: Person, right: Mapping[str, Any]) -> bool:
    """Ask the API server whether somebody may, as `kubectl auth can-i` does."""
    resource, _, part = right["resource"].partition("/")
    attributes = {"verb": right["verb"], "group": right.get("group", ""), "resource": resource}
    spec = {"resourceAttributes": {**attributes, "subresource": part, "namespace": NAMESPACE}}
    api = kubernetes.client.AuthorizationV1Api(somebody.client)
    return bool(api.create_self_subject_access_review({"spec": spec}).status.allowed)


@pytest.mark.parametrize("role", ROLES)
def test_the_cluster_allows_what_the_table_says_and_no_more(people: Mapping[str, Person], role: str) -> None:
    """Every row, asked of the API server itself with the person's own kubeconfig."""
    allowed = [right for right in RIGHTS if review(people[role], right)]

    assert allowed == [right for right in RIGHTS if role in right["roles"]]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_ends_at_its_namespace(people: Mapping[str, Person], role: str) -> None:
    """Nothing is seen of the namespaces beside it, nor of the cluster."""
    core = kubernetes.client.CoreV1Api(people[role].client)
    for ask in (lambda: core.list_namespaced_pod("kube-system"), core.list_node, core.list_namespace):
        with pytest.raises(kubernetes.client.ApiException, match="cannot list resource"):
            ask()


# An operator's identity is a viewer's, and what no role may is tried by the one that may most.
TRIED = [(verb, role) for verb in VERBS for role in ("viewer", "admin") if verb["roles"] or role == "admin"]


@pytest.mark.parametrize(
    ("verb", "role"), TRIED, ids=[f"{' '.join(verb['run'].split()[:2])} {role}" for verb, role in TRIED]
)
def test_a_verb_runs_or_names_what_is_missing(
    people: Mapping[str, Person], verb: Mapping[str, Any], role: str, tmp_path: Path
) -> None:
    """Whoever may needs no passphrase; whoever may not is told why."""
    somebody = people[role]

    def filled(words: str) -> str:
        known = {"FOLDER": "access/", "USER": somebody.name, "OUT": str(tmp_path / "out")}
        for word, value in known.items():
            words = words.replace(word, value)
        return words

    done = somebody.heddle(*filled(verb["run"]).split())

    if role in verb["roles"]:
        assert done.code == 0, done.output
    else:
        assert done.code == 1, done.output
        assert filled(verb["refusal"]) in done.output


def test_an_operator_restarts_stops_and_starts_a_node(people: Mapping[str, Person], kube: Kube) -> None:
    """A viewer is refused by the API server, which names the right; afterwards all is well again."""
    apps = {role: kubernetes.client.AppsV1Api(people[role].client) for role in ROLES}
    core = {role: kubernetes.client.CoreV1Api(people[role].client) for role in ROLES}
    name, pod = "peer0-organization", "peer0-organization-0"

    with pytest.raises(kubernetes.client.ApiException, match="cannot delete resource"):
        core["viewer"].delete_namespaced_pod(pod, NAMESPACE)
    for replicas in (0, 1):
        scale = {"spec": {"replicas": replicas}}
        with pytest.raises(kubernetes.client.ApiException, match="statefulsets/scale"):
            apps["viewer"].patch_namespaced_stateful_set_scale(name, NAMESPACE, scale)
        apps["operator"].patch_namespaced_stateful_set_scale(name, NAMESPACE, scale)
        kube.wait_for_pod(NAMESPACE, pod, there=bool(replicas))
    old = core["operator"].read_namespaced_pod(pod, NAMESPACE).metadata.uid
    core["operator"].delete_namespaced_pod(pod, NAMESPACE)
    kube.wait_for_pod(NAMESPACE, pod, other_than=old)

    shown = people["operator"].heddle("status", "access/")
    assert shown.code == 0, shown.output


def test_an_operator_reaches_no_secret(people: Mapping[str, Person]) -> None:
    """Neither directly, nor by a Job or a pod's template, which could mount it."""
    operator = people["operator"].client
    pod = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
    job = {"metadata": {"name": "thief"}, "spec": {"template": {"spec": pod}}}
    template = {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}
    core, apps = kubernetes.client.CoreV1Api(operator), kubernetes.client.AppsV1Api(operator)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: core.list_namespaced_secret(NAMESPACE),
        lambda: kubernetes.client.BatchV1Api(operator).create_namespaced_job(NAMESPACE, job),
        lambda: apps.patch_namespaced_stateful_set("peer0-organization", NAMESPACE, template),
    )
    for attempt in attempts:
        with pytest.raises(kubernetes.client.ApiException, match="is forbidden"):
            attempt()
