"""The other stacks that ship: those that can come up here do, the rest is previewed.

On the cluster of test_network.py; every instance is gone at the end of its test.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def shipped(folder: Path, base: str) -> Project:
    """A stack that ships, on the local cluster; stand-ins where nodes of Fabric's own are missing."""
    stack = Project.copy(folder / base, stack=CLUSTER, base=base)
    if not fabric_release():
        stack.edit("standin", value=True)
    return stack


@pytest.fixture(scope="module")
def enterprise(project: Project, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """BFT, three organizations, three channels, private data."""
    stack = shipped(tmp_path_factory.mktemp("stacks"), "enterprise")
    stack.ok("heddle", "up", CLUSTER, "--yes")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")
    assert kube.volumes() == []
    assert not any(name.startswith("fabric-") for name in kube.namespaces())


def assets(stack: Project, verb: str, *arguments: str) -> str:
    """Ask the sample chaincode, or submit to it."""
    return stack.ok("heddle", "chaincode", verb, CLUSTER, "--name", "assets", *arguments)


def test_a_second_up_of_enterprise_changes_nothing(enterprise: Project) -> None:
    """What is there as declared stays untouched, on the ledger too."""
    enterprise.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_every_channel_is_bft_with_its_members_alone(enterprise: Project) -> None:
    """Two organizations know nothing of the third's circle; one of the maker's peers is left out of one."""
    instance = enterprise.json("heddle", "output", CLUSTER, "--json")["instance"]

    assert {name: each["peers"] for name, each in instance["channels"].items()} == {
        "goods": ["peer0-maker", "peer1-maker", "peer0-carrier", "peer0-shop"],
        "transport": ["peer0-maker", "peer0-carrier"],
        "sales": ["peer0-maker", "peer1-maker", "peer0-shop"],
    }
    assert "BFT" in enterprise.ok("heddle", "channel", "show", CLUSTER, "transport")


def test_private_data_is_the_members_of_its_collection(enterprise: Project) -> None:
    """Both holders' peers have the price, the carrier's has none; the asset itself is everybody's."""
    assets(enterprise, "invoke", "put", "crate-1", "maker", "20")
    assets(enterprise, "invoke", "putPrice", "crate-1", "--transient", "price=4711", "--org", "maker")

    assert "4711" in assets(
        enterprise, "query", "getPrice", "crate-1", "--org", "maker", "--peer", "peer1-maker"
    )
    assert "4711" in assets(enterprise, "query", "getPrice", "crate-1", "--org", "shop")
    carrier = ("chaincode", "query", CLUSTER, "--name", "assets", "getPrice", "crate-1", "--org", "carrier")
    refused = enterprise.run("heddle", *carrier)
    assert refused.code != 0
    assert "4711" not in refused.output
    assert "does not have read access permission" in refused.output
    assert "maker" in assets(enterprise, "query", "get", "crate-1", "--org", "carrier")


def test_another_stack_cannot_take_the_namespace(enterprise: Project, tmp_path: Path) -> None:
    """Two stacks of one name would undo each other: the preview of the second refuses already."""
    other = shipped(tmp_path, "enterprise")

    refused = other.run("heddle", "preview", CLUSTER)

    assert refused.code != 0
    assert "namespace fabric-enterprise: another stack has it" in refused.output


def test_a_public_domain_comes_up(enterprise: Project, tmp_path: Path) -> None:
    """Nodes find each other by the domain's names and pinned ports, beside another instance.

    One member of the channel is run elsewhere.
    """
    stack = shipped(tmp_path, "public-domain")
    try:
        stack.ok("heddle", "up", CLUSTER, "--yes")
        assets(stack, "invoke", "put", "barrel-1", "north", "9")
        assert "north" in assets(stack, "query", "get", "barrel-1", "--org", "south")
        shown = stack.ok("heddle", "channel", "show", CLUSTER, "alliance")
        assert re.search(r"orderer0-operator\.fabric-public-domain\.svc\.heddle\.test:30050", shown)
        assert "EastMSP" in shown
    finally:
        stack.ok("heddle", "destroy", CLUSTER, "--yes")


def test_couchdb_is_previewed(project: Project, tmp_path: Path) -> None:
    """A database, its claim and its password are in the plan of every peer; test_couchdb.py brings it up."""
    shown = shipped(tmp_path, "couchdb").ok("heddle", "preview", CLUSTER)

    for name in ("couchdb0-organization", "couchdb1-organization"):
        assert re.search(rf"PersistentVolumeClaim .*{name}", shown), name
        assert re.search(rf"Password .*{name}", shown), name


def test_an_external_cluster_is_previewed(project: Project, kube: Kube, tmp_path: Path) -> None:
    """By its context in a kubeconfig of one's own; nothing is disposable there."""
    stack = Project.copy(tmp_path / "external", stack="external-cluster", base="external-cluster")
    config = yaml.safe_load(
        Path(project.ok("heddle", "cluster", "kubeconfig", "--name", CLUSTER).strip()).read_text()
    )
    config["contexts"][0]["name"] = config["current-context"] = "production"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    stack.environment["KUBECONFIG"] = os.fspath(tmp_path / "kubeconfig")

    assert re.search(r"\+ \d+ to create", stack.ok("heddle", "preview", "external-cluster"))
    assert "fabric-external-cluster" not in kube.namespaces()
