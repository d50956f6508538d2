"""One chaincode on a further channel, from a running stack on; each test goes on from the one before."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]

ANSWERING = 600.0
"""Seconds in which every node must have answered once."""
CHANNEL = {"name": "channel", "organizations": ["organization"]}
AUDIT = {"name": "audit", "organizations": [{"name": "organization", "peers": [1]}]}


@pytest.fixture(scope="module")
def stack(project: Project, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The stack that ships, up, with one channel; `project` is the cluster it is on."""
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(tmp_path_factory.mktemp("further") / base, stack=CLUSTER, base=base)
    stack.ok("heddle", "up", CLUSTER, "--yes")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")
    assert not any(name.startswith("fabric-") for name in kube.namespaces())


def assets(stack: Project, verb: str, *arguments: str) -> str:
    """Ask the sample chaincode, or submit to it."""
    return stack.ok("heddle", "chaincode", verb, CLUSTER, *arguments)


def well(stack: Project) -> Any:
    """The status of the instance, as soon as every node of a busy machine has answered in time."""
    end = time.monotonic() + ANSWERING
    while True:
        result = stack.run("heddle", "status", CLUSTER, "--json")
        if result.code == 0 or time.monotonic() > end:
            assert result.code == 0, result.output
            return json.loads(result.output)


def heights(stack: Project) -> dict[str, dict[str, int]]:
    """Blocks of every node, by channel."""
    return {node["name"]: node["heights"] for node in well(stack)["nodes"]}


def definitions(stack: Project) -> dict[str, tuple[int, str]]:
    """Sequence and endorsement of the chaincode that are in force, by channel."""
    found = stack.json("heddle", "chaincode", "list", CLUSTER, "--json")
    return {each["channel"]: (each["sequence"], each["endorsementPolicy"]) for each in found}


def pods(stack: Project, kube: Kube) -> dict[str, str]:
    """Which pods run, by name."""
    namespace = stack.json("heddle", "output", CLUSTER, "--json")["instance"]["namespace"]
    found = kube.core.list_namespaced_pod(namespace).items
    return {each.metadata.name: each.metadata.uid for each in found}


def further(stack: Project, *entries: object) -> None:
    stack.edit("chaincodes", 0, "channels", value=list(entries))


def test_a_sequence_that_the_channel_would_not_take_is_refused_in_the_preview(stack: Project) -> None:
    """Nothing is done before: what is in force on the first channel stays as it is."""
    stack.edit("channels", value=[CHANNEL, AUDIT])
    stack.ok("heddle", "up", CLUSTER, "--yes")
    further(stack, {"name": "audit", "sequence": 2})

    refused = stack.run("heddle", "preview", CLUSTER)

    words = " ".join(refused.output.split())
    assert refused.code != 0
    assert "chaincode assets on audit: sequence 2 is wanted, but none is in force" in words
    assert "Set sequence to 1 for a new definition" in words


def test_a_further_channel_adds_and_changes_nothing(stack: Project, kube: Kube) -> None:
    """An approval and a definition; the package, its server and every pod are those of before."""
    before = pods(stack, kube)
    further(stack, {"name": "audit", "endorsement": "majority"})

    preview = stack.ok("heddle", "preview", CLUSTER)
    stack.ok("heddle", "up", CLUSTER, "--yes")

    assert "+ 2 to create" in preview
    assert not re.search(r"\d+ to (update|delete|replace)", preview)
    assert pods(stack, kube) == before
    found = definitions(stack)
    assert (found["channel"][0], found["audit"]) == (1, (1, "/Channel/Application/Endorsement"))
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_each_channel_has_its_own_data(stack: Project) -> None:
    """Without a channel the command asks which one."""
    assets(stack, "invoke", "--channel", "channel", "put", "car-1", "alice", "1")
    assets(stack, "invoke", "--channel", "audit", "put", "note-1", "bob", "1")

    assert "note-1" not in assets(stack, "query", "--channel", "channel", "list")
    assert "car-1" not in assets(stack, "query", "--channel", "audit", "list")
    unclear = stack.run("heddle", "chaincode", "query", CLUSTER, "list")
    assert unclear.code == 2
    assert "name one of: audit, channel" in unclear.output
    assert {each["channel"] for each in well(stack)["chaincodes"]} == {"channel", "audit"}


def test_a_channel_is_upgraded_alone(stack: Project) -> None:
    """The other keeps its sequence and gets no block."""
    before = heights(stack)
    further(stack, {"name": "audit", "sequence": 2, "endorsement": "any"})

    stack.ok("heddle", "up", CLUSTER, "--yes")

    found, after = definitions(stack), heights(stack)
    assert (found["channel"][0], found["audit"][0]) == (1, 2)
    assert found["audit"][1] == found["channel"][1]
    assert {name: each["channel"] for name, each in after.items()} == {
        name: each["channel"] for name, each in before.items()
    }
    assets(stack, "invoke", "--channel", "audit", "put", "note-2", "bob", "1")


def test_off_a_channel_the_definition_stays_and_back_on_it_is_found(stack: Project) -> None:
    """Fabric cannot withdraw it: it is said, and nothing is sent, neither then nor when it comes back."""
    before = heights(stack)
    entry = {"name": "audit", "sequence": 2, "endorsement": "any"}
    further(stack)
    off = stack.ok("heddle", "up", CLUSTER, "--yes")
    assert "it stays in force on the channel" in " ".join(off.split())
    assert definitions(stack)["audit"][0] == 2
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")

    further(stack, entry)
    preview = stack.ok("heddle", "preview", CLUSTER)
    stack.ok("heddle", "up", CLUSTER, "--yes")

    assert "nothing to commit" in preview
    assert heights(stack) == before


def test_a_channel_moves_within_the_file_and_nothing_is_sent(stack: Project, kube: Kube) -> None:
    """Its resources have other names then; the ledger and the pods are those of before."""
    blocks, running = heights(stack), pods(stack, kube)
    stack.edit("chaincodes", 0, "channel", value=None)
    further(stack, "channel", {"name": "audit", "sequence": 2})

    stack.ok("heddle", "up", CLUSTER, "--yes")

    assert (heights(stack), pods(stack, kube)) == (blocks, running)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
