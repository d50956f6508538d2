"""The stack `couchdb` with real peers and real databases: queries, indexes, and databases that get lost.

On the cluster of test_network.py; the instance is gone at the end.
"""

import re
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from tests import programs
from tests.e2e.conftest import CLUSTER
from tests.e2e.databases import Databases, load_couchdb
from tests.e2e.kube import Kube
from tests.e2e.load import load
from tests.e2e.project import Project, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]
NAMESPACE = "fabric-couchdb"
DATABASE, OTHER = "couchdb0-organization", "couchdb1-organization"
INDEXES = "chaincode/META-INF/statedb/couchdb"
PATIENCE = 600.0
"""Seconds until a peer has made its state again from some blocks, on a machine that is busy."""


@pytest.fixture(scope="module")
def stack(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The stack as it ships, with an index of the public state and one of a collection."""
    if not fabric_release():
        programs.unavailable(programs.FABRIC, "stand-ins keep no state in a database")
    load_couchdb(project)
    stack = Project.copy(tmp_path_factory.mktemp("stacks") / "couchdb", stack=CLUSTER, base="couchdb")
    write_index(stack, "indexes/owner.json", "owner")
    write_index(stack, "collections/prices/indexes/amount.json", "amount")
    stack.edit("chaincodes", 0, "metadata", value="chaincode")
    collection = {"name": "prices", "organizations": ["organization"]}
    stack.edit("chaincodes", 0, "collections", value=[collection])
    stack.ok("heddle", "up", CLUSTER, "--yes")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


@pytest.fixture
def databases(stack: Project, kube: Kube) -> Databases:
    assert stack.stack == CLUSTER
    return Databases(kube, NAMESPACE)


def write_index(stack: Project, path: str, field: str) -> None:
    """Put an index of one field into the folder of the chaincode's metadata."""
    file = stack.folder / INDEXES / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{{"index": {{"fields": ["{field}"]}}, "ddoc": "by-{field}", "name": "by-{field}"}}')


def assets(stack: Project, verb: str, *arguments: str) -> str:
    """Ask the sample chaincode, or submit to it."""
    return stack.ok("heddle", "chaincode", verb, CLUSTER, "--name", "assets", *arguments)


def owned_by(stack: Project, owner: str, peer: str = "peer0-organization") -> list[str]:
    """Return the ids of an owner's assets, as a rich query on one peer finds them."""
    query = f'{{"selector": {{"owner": "{owner}"}}}}'
    return re.findall(r'"id":"([^"]*)"', assets(stack, "query", "query", query, "--peer", peer))


def wait_until_well(stack: Project) -> None:
    """Wait until every node is up and level."""
    end = time.monotonic() + PATIENCE
    while stack.run("heddle", "status", CLUSTER).code and time.monotonic() < end:
        pass  # each question takes a second or more
    stack.ok("heddle", "status", CLUSTER)


def test_a_second_up_changes_nothing(stack: Project) -> None:
    """What is there as declared stays untouched."""
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_rich_queries_use_the_packages_indexes(stack: Project, databases: Databases) -> None:
    """Of the public state and of a collection, on every peer."""
    assets(stack, "invoke", "put", "car-1", "alice", "20000")
    assets(stack, "invoke", "put", "car-2", "bob", "300")

    for database, peer in ((DATABASE, "peer0-organization"), (OTHER, "peer1-organization")):
        assert owned_by(stack, "alice", peer) == ["car-1"]
        assert databases.index_of(database, "channel_assets", {"owner": "alice"}) == "by-owner"
        assert databases.index_of(database, "channel_assets$$pprices", {"amount": 7}) == "by-amount"


@pytest.mark.parametrize("value", ["{no JSON", "4711", '{"amount":7}', '"text"'])
def test_a_value_comes_back_as_it_was(stack: Project, value: str) -> None:
    """Objects in JSON become documents, everything else is attached to one."""
    assets(stack, "invoke", "putPrice", "car-1", "--transient", f"price={value}")

    for peer in ("peer0-organization", "peer1-organization"):
        assert assets(stack, "query", "getPrice", "car-1", "--peer", peer).strip() == value


def test_another_index_wants_another_version(stack: Project, databases: Databases) -> None:
    """The preview refuses it under the old one; with version and sequence raised it is made."""
    write_index(stack, "indexes/value.json", "value")

    refused = stack.run("heddle", "preview", CLUSTER)
    assert refused.code != 0
    assert "indexes/value.json" in refused.output
    assert "Raise `version`" in refused.output
    stack.edit("chaincodes", 0, "version", value="1.1")
    stack.edit("chaincodes", 0, "sequence", value=2)
    stack.ok("heddle", "up", CLUSTER, "--yes")

    assert databases.index_of(DATABASE, "channel_assets", {"value": "300"}) == "by-value"
    assert owned_by(stack, "bob") == ["car-2"]


def test_a_killed_database_loses_nothing(stack: Project, databases: Databases) -> None:
    """Its peer waits for it and goes on."""
    databases.kill(DATABASE)
    assets(stack, "invoke", "put", "car-3", "carol", "1", "--peer", "peer1-organization")

    wait_until_well(stack)
    assert owned_by(stack, "carol") == ["car-3"]


def test_a_lost_volume_is_made_again_from_the_blocks(stack: Project, kube: Kube) -> None:
    """The preview names the database; one refresh and one `up` are enough."""
    kube.lose_volume(NAMESPACE, f"{DATABASE}-0")
    assert f"peer0-organization: {DATABASE}: Pending" in stack.ok("heddle", "preview", CLUSTER)

    stack.ok("heddle", "refresh", CLUSTER, "--yes")
    stack.ok("heddle", "up", CLUSTER, "--yes")

    wait_until_well(stack)
    assert owned_by(stack, "alice") == ["car-1"]
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_an_emptied_database_is_named_and_made_again(stack: Project, databases: Databases) -> None:
    """Its peer runs on and sees nothing of it; `status` does, and one `up` is enough."""
    databases.empty(DATABASE)
    seen = stack.run("heddle", "status", CLUSTER)
    assert seen.code != 0
    assert "its database has the state of 0 of" in " ".join(seen.output.split())

    stack.ok("heddle", "up", CLUSTER, "--yes")

    stack.ok("heddle", "status", CLUSTER)
    assert owned_by(stack, "alice") == ["car-1"]
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_new_passwords_put_a_changed_secret_right(stack: Project, kube: Kube, databases: Databases) -> None:
    """Somebody changed the Secret and the database took it: `refresh` sees it, `up` does not overwrite it."""
    databases.spoil_password(OTHER)
    kube.replace_pod(NAMESPACE, f"{OTHER}-0")
    assert re.search(rf"Secret .*{OTHER}", stack.ok("heddle", "refresh", CLUSTER, "--yes"))
    refused = stack.run("heddle", "up", CLUSTER, "--yes")
    assert refused.code != 0
    assert "conflict" in refused.output

    databases.delete_password(OTHER)
    stack.ok("heddle", "refresh", CLUSTER, "--yes")
    stack.edit("passwords", value={"renewal": 1})
    stack.ok("heddle", "up", CLUSTER, "--yes")

    wait_until_well(stack)
    assert owned_by(stack, "alice", "peer1-organization") == ["car-1"]


def test_new_passwords_lose_no_transaction(stack: Project, databases: Databases) -> None:
    """Peers restart one by one, each with its database, under a client's load; the old one is refused."""
    old = databases.password(DATABASE)
    stack.edit("passwords", value={"renewal": 2})
    with load(stack) as client:
        since = time.monotonic()
        stack.ok("heddle", "up", CLUSTER, "--yes")
        took = time.monotonic() - since
    print(f"new passwords: {took:.0f} s, {client.report}")

    assert (client.report.lost, client.report.doubled) == ([], []), str(client.report)
    assert databases.ask(DATABASE, "/_all_dbs", password=old)[0] == HTTPStatus.UNAUTHORIZED
    assert databases.ask(DATABASE, "/_all_dbs")[0] == HTTPStatus.OK
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
