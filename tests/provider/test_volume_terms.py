"""A node keeps the class of its claim and the kind of its database; nodes may come and go."""

import pytest

from tests.provider.harness import CheckFailedError, Engine

TERMS = "heddle:kubernetes:VolumeTerms"
GIVEN = {
    "storageClasses": {"orderer0-one": "", "peer0-one": "fast"},
    "stateDatabases": {"peer0-one": "LevelDB"},
}


async def test_a_claim_keeps_its_class() -> None:
    """The default's own name is another class too: Pulumi would replace the claim for it."""
    engine = Engine()
    await engine.up(TERMS, "terms", GIVEN)
    classes = {"orderer0-one": "standard", "peer0-one": ""}

    with pytest.raises(CheckFailedError) as refusal:
        await engine.preview(TERMS, "terms", {**GIVEN, "storageClasses": classes})

    assert "storageClasses.orderer0-one: 'standard' instead of the default: " in str(refusal.value)
    assert "storageClasses.peer0-one: the default instead of 'fast': " in str(refusal.value)


async def test_a_peer_keeps_its_kind_of_database() -> None:
    """Fabric has no way from one to the other."""
    engine = Engine()
    await engine.up(TERMS, "terms", GIVEN)

    with pytest.raises(CheckFailedError, match=r"stateDatabases\.peer0-one: 'CouchDB' instead of 'LevelDB'"):
        await engine.up(TERMS, "terms", {**GIVEN, "stateDatabases": {"peer0-one": "CouchDB"}})


async def test_nodes_come_and_go() -> None:
    """A node that is made anew, after it was gone, may be of another kind. The same once more is nothing."""
    engine = Engine()
    await engine.up(TERMS, "terms", GIVEN)
    await engine.up(TERMS, "terms", {"storageClasses": {"orderer0-one": ""}, "stateDatabases": {}})
    again = {
        "storageClasses": {"orderer0-one": "", "peer0-one": "slow", "couchdb0-one": ""},
        "stateDatabases": {"peer0-one": "CouchDB"},
    }
    await engine.up(TERMS, "terms", again)

    assert not (await engine.diff(TERMS, "terms", again)).changes
