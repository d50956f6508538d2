"""What a user may in the namespace, and Secrets that pods read there, are looked at first."""

import pytest

from heddle.errors import ProviderError
from heddle.provider.namespace_ownership import INSTANCE, OWNER
from tests.provider.harness import Engine
from tests.provider.namespaces import INPUTS, OWNERSHIP, Namespaces


@pytest.mark.usefixtures("namespaces")
async def test_what_may_not_be_asked_is_said_by_the_preview() -> None:
    """A user of one namespace sees nothing of the cluster's DNS."""
    _, message = await Engine().preview(OWNERSHIP, "own", INPUTS)

    assert "not checked: whether the cluster's DNS domain is cluster.local" in message
    assert "forbidden" in message


async def test_a_prepared_namespace_serves_a_user_who_may_make_none(namespaces: Namespaces) -> None:
    """Its label says whose it is; the owner's mark is written as ever."""
    namespaces.have(labels={INSTANCE: "dev"}, annotations={})
    namespaces.forbidden = {"POST"}

    await Engine().preview(OWNERSHIP, "own", INPUTS)
    await Engine().up(OWNERSHIP, "own", INPUTS)

    assert namespaces.annotations[OWNER] == "mine"


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
