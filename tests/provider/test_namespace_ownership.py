"""A namespace is one stack's, or refused."""

import functools
import json
from typing import Any

import httpx
import pytest
from kubernetes.client import Configuration

from heddle.errors import ProviderError
from heddle.kube.apiserver import ApiServer
from heddle.plugin.values import UNKNOWN
from heddle.provider.namespace_ownership import INSTANCE, OWNER
from heddle.provider.session import Session
from tests.kube.names import Names, serving
from tests.provider.harness import Engine

OWNERSHIP = "heddle:kubernetes:NamespaceOwnership"
REVERSED = "1.0.96.10.in-addr.arpa"
"""The address of the API server's Service, as it is asked for."""
INPUTS = {"namespace": "fabric-dev", "instance": "dev", "owner": "mine"}


class Namespaces:
    """The namespaces of a cluster, as its REST API serves them."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.gone_after: int | None = None
        self.dns_port = 0
        self.api_address = "10.96.0.1"
        """Of the Service default/kubernetes; empty: the user may not look at it."""
        self.forbidden: set[str] = set()
        self.secrets: dict[str, list[str]] = {}
        """Keys of each Secret of the namespace."""
        self.hidden = False
        """True: the user may not look at Secrets."""
        self.lacking: set[tuple[str, str]] = set()
        """Verb and resource of what the user may not; nothing = may do everything."""

    def have(self, *, labels: dict[str, str], annotations: dict[str, str], leaving: bool = False) -> None:
        metadata: dict[str, Any] = {
            "name": "fabric-dev",
            "labels": labels,
            "annotations": annotations,
            "resourceVersion": "7",
        }
        if leaving:
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        self.objects["fabric-dev"] = {"metadata": metadata}

    def review(self, request: httpx.Request) -> httpx.Response:
        """What the user may do, as SelfSubjectAccessReview says it."""
        asked = json.loads(request.content)["spec"]["resourceAttributes"]
        assert asked["namespace"] == "fabric-dev"
        whole = "/".join(filter(None, (asked["resource"], asked.get("subresource", ""))))
        allowed = not self.lacking if asked["verb"] == "*" else (asked["verb"], whole) not in self.lacking
        return httpx.Response(201, json={"status": {"allowed": allowed}})

    def dns(self, _: httpx.Request) -> httpx.Response:
        """Its DNS, where it may be looked for."""
        if not self.dns_port:
            return httpx.Response(403, json={"message": "endpointslices is forbidden"})
        ports = [{"name": "dns-tcp", "port": self.dns_port}]
        return httpx.Response(
            200, json={"items": [{"ports": ports, "endpoints": [{"addresses": ["127.0.0.1"]}]}]}
        )

    def api_service(self) -> httpx.Response:
        """The API server's own Service."""
        if not self.api_address:
            return httpx.Response(403, json={"message": "services is forbidden"})
        return httpx.Response(200, json={"spec": {"clusterIP": self.api_address}})

    def secret(self, path: str) -> httpx.Response:
        """A Secret of the namespace, with its values."""
        name = path.removeprefix("/api/v1/namespaces/fabric-dev/secrets/")
        if self.hidden:
            return httpx.Response(403, json={"message": "secrets is forbidden"})
        if name not in self.secrets:
            return httpx.Response(404, json={"message": "not found"})
        return httpx.Response(200, json={"data": dict.fromkeys(self.secrets[name], "aHVudGVyMg==")})

    @property
    def annotations(self) -> dict[str, str]:
        found: dict[str, str] = self.objects["fabric-dev"]["metadata"]["annotations"]
        return found

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "endpointslices" in request.url.path:
            return self.dns(request)
        if request.url.path == "/api/v1/namespaces/default/services/kubernetes":
            return self.api_service()
        if "/secrets/" in request.url.path:
            return self.secret(request.url.path)
        if "selfsubjectaccessreviews" in request.url.path:
            return self.review(request)
        if request.method in self.forbidden:
            return httpx.Response(403, json={"message": f"{request.method} is forbidden"})
        if "dryRun" in request.url.params:
            return httpx.Response(201, json={})
        return self.serve(request)

    def serve(self, request: httpx.Request) -> httpx.Response:
        """Read, make or change a namespace."""
        self.asked.append(request.method)
        name = request.url.path.removeprefix("/api/v1/namespaces").strip("/")
        if request.method == "GET":
            if name not in self.objects:
                return httpx.Response(404, json={"message": "not found"})
            return httpx.Response(200, json=self.objects[name])
        body = json.loads(request.content)
        if request.method == "PATCH":
            current = self.objects[name]["metadata"]
            if body["metadata"]["resourceVersion"] != current["resourceVersion"]:
                return httpx.Response(409, json={"message": "the object has been modified"})
            changed = current["annotations"] | body["metadata"]["annotations"]
            current["annotations"] = {key: value for key, value in changed.items() if value is not None}
            return httpx.Response(200, json=self.objects[name])
        if body["metadata"]["name"] in self.objects:
            if self.gone_after is not None and self.asked.count("POST") >= self.gone_after:
                del self.objects[body["metadata"]["name"]]
            return httpx.Response(409, json={"message": "already exists"})
        self.objects[body["metadata"]["name"]] = body
        return httpx.Response(201, json=body)


@pytest.fixture
def namespaces(monkeypatch: pytest.MonkeyPatch) -> Namespaces:
    cluster = Namespaces()
    client = functools.partial(httpx.AsyncClient, transport=httpx.MockTransport(cluster))
    monkeypatch.setattr("heddle.kube.client.httpx.AsyncClient", client)

    async def api_server(_: Session) -> ApiServer:
        nobody = Configuration()
        return ApiServer(url="http://cluster", tls=None, proxy="", configuration=nobody)

    monkeypatch.setattr(Session, "api_server", api_server)
    return cluster


async def test_it_is_made_with_its_owners_mark(namespaces: Namespaces) -> None:
    """What makes it this stack's."""
    await Engine().up(OWNERSHIP, "own", INPUTS)

    metadata = namespaces.objects["fabric-dev"]["metadata"]
    assert metadata["annotations"] == {OWNER: "mine"}
    assert metadata["labels"] == {INSTANCE: "dev"}


@pytest.mark.parametrize(
    ("labels", "annotations", "words"),
    [
        ({INSTANCE: "dev"}, {OWNER: "another"}, "another stack has it"),
        ({}, {}, "not for instance dev"),
        ({INSTANCE: "other"}, {}, "kubectl label namespace fabric-dev app.kubernetes.io/instance=dev"),
    ],
    ids=["another stack's", "anybody's", "another instance's"],
)
async def test_what_is_not_this_stacks_is_refused(
    namespaces: Namespaces, labels: dict[str, str], annotations: dict[str, str], words: str
) -> None:
    """By the preview already; nothing of it is changed."""
    namespaces.have(labels=labels, annotations=dict(annotations))

    with pytest.raises(ProviderError) as previewed:
        await Engine().preview(OWNERSHIP, "own", {**INPUTS, "owner": UNKNOWN})
    with pytest.raises(ProviderError) as refused:
        await Engine().up(OWNERSHIP, "own", INPUTS)

    assert words in str(refused.value)
    assert words in str(previewed.value)
    assert namespaces.annotations == annotations


async def test_one_made_for_the_instance_beforehand_is_taken(namespaces: Namespaces) -> None:
    """By hand, with Secrets to pull images in it: its label says for whom."""
    namespaces.have(labels={INSTANCE: "dev"}, annotations={"team": "a"})

    await Engine().up(OWNERSHIP, "own", INPUTS)

    assert namespaces.annotations == {"team": "a", OWNER: "mine"}


async def test_a_creation_whose_state_was_lost_is_repeated(namespaces: Namespaces) -> None:
    """A kill between the creation and its checkpoint does not lock a stack out of its own namespace."""
    await Engine().up(OWNERSHIP, "own", INPUTS)
    await Engine().up(OWNERSHIP, "own", INPUTS)

    assert namespaces.annotations == {OWNER: "mine"}


async def test_one_that_is_being_deleted_is_awaited(namespaces: Namespaces) -> None:
    """`destroy` and then `up` need no pause between them."""
    namespaces.have(labels={INSTANCE: "dev"}, annotations={OWNER: "another"}, leaving=True)
    namespaces.gone_after = 3

    await Engine().up(OWNERSHIP, "own", INPUTS)

    assert namespaces.annotations == {OWNER: "mine"}


async def test_a_refresh_sees_that_it_is_gone_or_anothers(namespaces: Namespaces) -> None:
    """Then the next `up` makes it again, or refuses."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    assert (await engine.read(OWNERSHIP, "own")).id == "fabric-dev"

    namespaces.have(labels={}, annotations={OWNER: "another"})
    assert (await engine.read(OWNERSHIP, "own")).id == ""
    namespaces.objects.clear()
    assert (await engine.read(OWNERSHIP, "own")).id == ""


async def test_another_dns_domain_is_refused_before_anything_is_made(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names would go into certificates and onto the ledger that nobody in this cluster finds."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.corp.example"})
    with serving() as namespaces.dns_port:
        for act in (Engine().preview, Engine().up):
            with pytest.raises(ProviderError, match=r"do not end with cluster\.local") as refused:
                await act(OWNERSHIP, "own", INPUTS)
            assert "cluster.dnsDomain" in refused.value.hint
        assert namespaces.objects == {}
        await Engine().up(OWNERSHIP, "own", {**INPUTS, "dnsDomain": "corp.example"})
    assert "fabric-dev" in namespaces.objects


async def test_another_dns_domain_is_told_where_nobody_outside_can_be_asked(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CoreDNS answers SERVFAIL for a foreign name then, but knows whose its API server's address is."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.corp.example"})
    monkeypatch.setattr(Names, "other", 2)
    monkeypatch.setattr(Names, "pointers", {REVERSED: "kubernetes.default.svc.corp.example"})
    with serving() as namespaces.dns_port:
        for act in (Engine().preview, Engine().up):
            with pytest.raises(ProviderError, match=r"do not end with cluster\.local but with corp\.example"):
                await act(OWNERSHIP, "own", INPUTS)
        assert namespaces.objects == {}
        await Engine().up(OWNERSHIP, "own", {**INPUTS, "dnsDomain": "corp.example"})
    assert "fabric-dev" in namespaces.objects


async def test_a_dns_that_serves_two_domains_takes_both(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address has one name of them."""
    both = {"kubernetes.default.svc.corp.example", "kubernetes.default.svc.cluster.local"}
    monkeypatch.setattr(Names, "known", both)
    monkeypatch.setattr(Names, "pointers", {REVERSED: "kubernetes.default.svc.corp.example"})
    with serving() as namespaces.dns_port:
        await Engine().up(OWNERSHIP, "own", INPUTS)
    assert "fabric-dev" in namespaces.objects


async def test_a_foreign_name_of_the_address_tells_nothing(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a name server outside, that has the same address for something else."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.cluster.local"})
    monkeypatch.setattr(Names, "pointers", {REVERSED: "printer.corp.example"})
    with serving() as namespaces.dns_port:
        await Engine().up(OWNERSHIP, "own", INPUTS)
    assert "fabric-dev" in namespaces.objects


async def test_a_cluster_of_ipv6_is_no_other_domain(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its names have no IPv4 address."""
    namespaces.api_address = ""
    monkeypatch.setattr(Names, "known_by_ipv6", {"kubernetes.default.svc.cluster.local"})
    with serving() as namespaces.dns_port:
        await Engine().up(OWNERSHIP, "own", INPUTS)
    assert "fabric-dev" in namespaces.objects


async def test_without_the_right_to_the_api_servers_service_its_name_alone_is_asked_for(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that is no answer, the missing right is named beside it."""
    namespaces.api_address = ""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.corp.example"})
    monkeypatch.setattr("heddle.provider.namespace_ownership._DNS_PATIENCE", 0.5)
    with serving() as namespaces.dns_port:
        with pytest.raises(ProviderError, match=r"do not end with cluster\.local"):
            await Engine().preview(OWNERSHIP, "own", INPUTS)
        monkeypatch.setattr(Names, "other", 2)
        _, message = await Engine().preview(OWNERSHIP, "own", INPUTS)

    assert "SERVFAIL" in message
    assert "the Service default/kubernetes cannot be read" in message
    assert "services is forbidden" in message


async def test_a_dns_that_has_just_begun_is_waited_for(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CoreDNS answers SERVFAIL until it has read the Services: that is no word about the domain."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.cluster.local"})
    with serving() as namespaces.dns_port:
        for act in (Engine().preview, Engine().up):
            monkeypatch.setattr(Names, "unsettled", [2, 2])
            await act(OWNERSHIP, "own", INPUTS)
            assert not Names.unsettled
    assert "fabric-dev" in namespaces.objects


async def test_a_dns_that_never_answers_is_said_after_the_wait(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it answered: the domain is not checked, and nothing is refused for it."""
    monkeypatch.setattr(Names, "unsettled", [2] * 100)
    monkeypatch.setattr("heddle.provider.namespace_ownership._DNS_PATIENCE", 1.0)
    with serving() as namespaces.dns_port:
        _, message = await Engine().preview(OWNERSHIP, "own", INPUTS)

    assert "SERVFAIL" in message
    assert "waited 1 s" in message


async def test_the_preview_of_a_new_stack_does_not_know_its_owner_yet(namespaces: Namespaces) -> None:
    """The mark is made of a password, and no password is made before the first `up`."""
    _, message = await Engine().preview(OWNERSHIP, "own", {**INPUTS, "owner": UNKNOWN})

    assert message.startswith("not checked: whether the cluster's DNS domain is")
    assert namespaces.objects == {}


@pytest.mark.usefixtures("namespaces")
async def test_what_may_not_be_asked_is_said_by_the_preview() -> None:
    """A user of one namespace sees nothing of the cluster's DNS."""
    _, message = await Engine().preview(OWNERSHIP, "own", INPUTS)

    assert "not checked: whether the cluster's DNS domain is cluster.local" in message
    assert "forbidden" in message


@pytest.mark.usefixtures("namespaces")
async def test_the_dns_domain_stays() -> None:
    """A stack of before, whose inputs do not name it, has the usual one."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)

    assert not (await engine.diff(OWNERSHIP, "own", {**INPUTS, "dnsDomain": "cluster.local"})).changes
    with pytest.raises(ProviderError, match="dnsDomain") as refused:
        await engine.diff(OWNERSHIP, "own", {**INPUTS, "dnsDomain": "corp.example"})
    assert "on the ledger" in str(refused.value)


async def test_a_prepared_namespace_serves_a_user_who_may_make_none(namespaces: Namespaces) -> None:
    """Its label says whose it is; the owner's mark is written as ever."""
    namespaces.have(labels={INSTANCE: "dev"}, annotations={})
    namespaces.forbidden = {"POST"}

    await Engine().preview(OWNERSHIP, "own", INPUTS)
    await Engine().up(OWNERSHIP, "own", INPUTS)

    assert namespaces.annotations[OWNER] == "mine"


@pytest.mark.parametrize("owner", ["mine", "another"])
async def test_a_namespace_that_stays_can_be_taken_again(namespaces: Namespaces, owner: str) -> None:
    """A destroyed stack takes its own mark off, and nobody else's."""
    engine = Engine()
    namespaces.have(labels={INSTANCE: "dev"}, annotations={"team": "a"})
    await engine.up(OWNERSHIP, "own", INPUTS)
    namespaces.have(labels={INSTANCE: "dev"}, annotations={"team": "a", OWNER: owner})

    await engine.destroy(OWNERSHIP, "own")

    assert namespaces.annotations == {"team": "a"} | ({} if owner == "mine" else {OWNER: "another"})


@pytest.mark.parametrize("leaving", [True, False])
async def test_nothing_is_in_the_way_of_destroy(namespaces: Namespaces, leaving: bool) -> None:
    """Neither a namespace that is going, nor one that the user may not see any more."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    namespaces.have(labels={INSTANCE: "dev"}, annotations={OWNER: "mine"}, leaving=leaving)
    namespaces.forbidden = set() if leaving else {"GET", "PATCH"}

    await engine.destroy(OWNERSHIP, "own")

    assert namespaces.annotations == {OWNER: "mine"}
    assert bool(engine.log.of("warning")) is not leaving


@pytest.mark.parametrize(
    ("forbidden", "lacking", "words"),
    [
        ({"GET"}, set(), "GET is forbidden"),
        ({"POST"}, set(), "POST is forbidden"),
        (
            set(),
            {("patch", "statefulsets"), ("create", "pods/portforward")},
            "may not: patch statefulsets.apps",
        ),
        (set(), {("create", "pods/portforward")}, "may not: create pods/portforward"),
    ],
)
async def test_the_preview_names_missing_rights(
    namespaces: Namespaces, forbidden: set[str], lacking: set[tuple[str, str]], words: str
) -> None:
    """With the command by which an administrator grants them; nothing was done yet."""
    namespaces.forbidden, namespaces.lacking = forbidden, lacking

    with pytest.raises(ProviderError, match=words) as refused:
        await Engine().preview(OWNERSHIP, "own", INPUTS)

    assert "heddle namespace STACK --user NAME | kubectl apply -f -" in refused.value.hint
    assert namespaces.objects == {}


SECRETS = {"secretKeys": {"partner": ["token", "user"]}, "pullSecrets": ["mirror"]}


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({}, "has no Secret partner: a pod that reads it would not start"),
        ({"partner": ["user"]}, "has no key token of Secret partner: a pod"),
    ],
)
async def test_a_secret_that_pods_read_and_that_is_missing_is_refused_in_the_preview(
    namespaces: Namespaces, there: dict[str, list[str]], words: str
) -> None:
    """Of a new stack and of one that runs; `up` refuses it too, and makes no namespace for it."""
    namespaces.secrets = {**there, "mirror": []}
    with pytest.raises(ProviderError, match=words) as refused:
        await Engine().preview(OWNERSHIP, "own", {**INPUTS, **SECRETS})
    with pytest.raises(ProviderError, match=words):
        await Engine().up(OWNERSHIP, "own", {**INPUTS, **SECRETS})

    assert "kubectl create secret generic NAME" in refused.value.hint
    assert namespaces.objects == {}
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    with pytest.raises(ProviderError, match=words):
        await engine.diff(OWNERSHIP, "own", {**INPUTS, **SECRETS})


async def test_secrets_that_are_there_change_nothing_of_a_stack_that_runs(namespaces: Namespaces) -> None:
    """A stack of before has no list of them; no value goes into its state."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    namespaces.secrets = {"partner": ["token", "user"], "mirror": [".dockerconfigjson"]}

    assert not (await engine.diff(OWNERSHIP, "own", {**INPUTS, **SECRETS})).changes
    await engine.up(OWNERSHIP, "own", {**INPUTS, **SECRETS})
    assert "aHVudGVyMg==" not in str((engine.inputs, engine.outputs, engine.log.said))
    assert engine.log.of("warning") == []


async def test_a_missing_pull_secret_is_a_warning(namespaces: Namespaces) -> None:
    """The machines may have the images already."""
    namespaces.secrets = {"partner": ["token", "user"]}
    await Engine().up(OWNERSHIP, "own", {**INPUTS, **SECRETS})

    engine = Engine()
    await engine.preview(OWNERSHIP, "own", {**INPUTS, **SECRETS})
    (warning,) = engine.log.of("warning")
    assert "fabric-dev has no Secret mirror: images that need it are not pulled" in warning


async def test_secrets_that_nobody_may_look_at_are_said_to_be_unchecked(namespaces: Namespaces) -> None:
    """A right that is missing refuses nothing."""
    namespaces.hidden = True
    engine = Engine()
    await engine.up(OWNERSHIP, "own", {**INPUTS, **SECRETS})

    assert not (await engine.diff(OWNERSHIP, "own", {**INPUTS, **SECRETS})).changes
    assert all(
        "not checked: whether the pods' Secrets are there" in each for each in engine.log.of("warning")
    )
    assert len(engine.log.of("warning")) == 2
