"""A namespace is one stack's, or refused."""

import pytest

from heddle.errors import ProviderError
from heddle.plugin.values import UNKNOWN
from heddle.provider.namespace_ownership import INSTANCE, OWNER
from tests.provider.harness import Engine
from tests.provider.namespaces import INPUTS, OWNERSHIP, Namespaces


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


@pytest.mark.parametrize("goes", [False, True])
async def test_an_update_without_its_namespace_is_refused_before_anything_is_done(
    namespaces: Namespaces, goes: bool
) -> None:
    """It would find nothing to do, or fail at each object; the way out is another command."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    namespaces.objects.clear()
    if goes:
        namespaces.have(labels={INSTANCE: "dev"}, annotations={OWNER: "mine"}, leaving=True)

    with pytest.raises(ProviderError, match="is being deleted" if goes else "is gone") as refused:
        await engine.diff(OWNERSHIP, "own", INPUTS)
    assert "`heddle backup restore`" in str(refused.value)
    assert "`heddle refresh`" in str(refused.value)


async def test_who_may_not_look_at_the_namespace_is_not_stopped(namespaces: Namespaces) -> None:
    """Nothing is known of it then."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    namespaces.forbidden.add("GET")

    assert not (await engine.diff(OWNERSHIP, "own", INPUTS)).changes


async def test_a_refresh_sees_that_it_is_gone_or_anothers(namespaces: Namespaces) -> None:
    """Then the next `up` makes it again, or refuses."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    assert (await engine.read(OWNERSHIP, "own")).id == "fabric-dev"

    namespaces.have(labels={}, annotations={OWNER: "another"})
    assert (await engine.read(OWNERSHIP, "own")).id == ""
    namespaces.objects.clear()
    assert (await engine.read(OWNERSHIP, "own")).id == ""


async def test_the_preview_of_a_new_stack_does_not_know_its_owner_yet(namespaces: Namespaces) -> None:
    """The mark is made of a password, and no password is made before the first `up`."""
    _, message = await Engine().preview(OWNERSHIP, "own", {**INPUTS, "owner": UNKNOWN})

    assert message.startswith("not checked: whether the cluster's DNS domain is")
    assert namespaces.objects == {}


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
