"""A chaincode goes to another version and back as a new sequence, under a client's load; old servers go.

On the cluster of test_network.py, on Fabric's own nodes where they are on PATH, else on stand-ins.
"""

import asyncio
from collections.abc import Callable
from math import inf

import pytest

from heddle.fabric.installation import installed
from heddle.network.network import Network
from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.load import load
from tests.e2e.project import Project, fabric_release
from tests.e2e.test_under_load import UNNOTICED, make, network_now, timed

__all__ = ["make", "network_now"]

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
UP = ("heddle", "up", CLUSTER, "--yes", "--skip-preview")
NAME = "versions"


def servers(kube: Kube) -> set[str]:
    """Return what is in the namespace for servers of the chaincode, as `kind/name`."""
    kinds = ("Deployment/assets-", "Service/assets-", "Secret/assets-")
    return {name for name in kube.names_in(f"fabric-{NAME}") if name.startswith(kinds)}


def packages(network: Network) -> set[str]:
    """Return the labels of the packages that every peer has."""

    async def ask() -> list[set[str]]:
        async with network.connections() as connections:
            found = []
            for organization in network.representatives("channel"):
                admin = network.signer(organization.organization.name, "admin")
                for peer in organization.peers:
                    have = await installed(connections, peer, admin, deadline=30)
                    found.append({each.label for each in have})
            return found

    first, *others = asyncio.run(ask())
    assert all(each == first for each in others)
    return first


def test_a_chaincode_goes_back_to_a_former_version_as_a_new_sequence(
    make: Callable[..., Project], kube: Kube, network_now: Callable[[Project], Network]
) -> None:
    """The former version's server comes back under its name, the other's goes; its package is still there."""
    stack = make(NAME, base="dev" if fabric_release() else "offline")
    stack.edit("ordering", "batch", "timeout", value="200ms")
    stack.ok(*UP)
    first = servers(kube)
    assert first

    with load(stack) as client:
        stack.edit("chaincodes", 0, "version", value="2.0")
        stack.edit("chaincodes", 0, "sequence", value=2)
        timed(stack, *UP)
        second = servers(kube)
        stack.edit("chaincodes", 0, "version", value="1.0")
        stack.edit("chaincodes", 0, "sequence", value=3)
        preview = stack.ok("heddle", "preview", CLUSTER)
        timed(stack, *UP)
    print(f"assets 1.0 → 2.0 → 1.0: {client.report}")

    assert "rolls back to what sequence 1 was" in preview
    assert len(second) == len(first)
    assert not first & second, "a version that no definition uses has no server"
    assert servers(kube) == first
    listed = stack.json("heddle", "chaincode", "list", CLUSTER, "--json")
    assert [(each["version"], each["sequence"]) for each in listed] == [("1.0", 3)]
    assert packages(network_now(stack)) == {"assets_1.0", "assets_2.0"}, "Fabric takes no package away"
    client.report.expect_all(pause=UNNOTICED if fabric_release() else inf)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
