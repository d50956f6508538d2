"""Nodes get other names and ports under a client's load, on Fabric's own nodes, and get their own back.

On the cluster of test_network.py, which answers for the domain heddle.test, too. The figures are printed.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.load import load
from tests.e2e.project import Project
from tests.programs import needs

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800), needs("orderer", "peer")]
UNNOTICED = 30.0
"""Seconds that the longest pause may take on a busy machine. The goal is 5: see the printed figures."""
DOMAIN = "fabric-moved.svc.heddle.test"
ORDERERS, PEERS = {"first": 30400, "count": 10}, {"first": 30420, "count": 10}
FIRST_PORTS = {"orderer": ORDERERS["first"], "organization": PEERS["first"]}


@pytest.fixture
def stack(project: Project, tmp_path: Path) -> Iterator[Project]:
    """An instance without a domain; nothing of it is left at the end."""
    assert project.stack == CLUSTER
    stack = Project.copy(tmp_path / "moved", stack=CLUSTER, base="dev")
    stack.edit("name", value="moved")
    stack.edit("publicAddress", value="none")
    stack.edit("ordering", "batch", "timeout", value="200ms")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


def _write(stack: Project, *, domain: str | None, former: dict[str, Any] | None) -> None:
    """Say where the nodes are, and where they were."""
    ports = domain is not None
    stack.edit("domain", value=domain)
    stack.edit("former", value=former)
    stack.edit(
        "ordering", "organization", value={"name": "orderer", **({"ports": ORDERERS} if ports else {})}
    )
    peers = {"name": "organization", "peers": 2, **({"ports": PEERS} if ports else {})}
    stack.edit("organizations", value=[peers])


def _up(stack: Project, what: str) -> None:
    """Bring it up under load: nothing is lost, nobody waits long, and a second run has nothing to do."""
    with load(stack) as client:
        since = time.monotonic()
        stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
        took = time.monotonic() - since
        time.sleep(5)  # the last restart's effect is measured, too
    print(f"{what}: {took:.0f} s, {client.report}")
    client.report.expect_all(pause=UNNOTICED)
    # A gateway that knows the orderers by addresses that are gone reaches none of them.
    assert not [
        words for words in client.report.again if "no orderers could" in words and "Unavailable desc" in words
    ], str(client.report)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    stack.ok("heddle", "status", CLUSTER)


def test_nodes_move_to_a_domain_and_back_and_nobody_notices(stack: Project, tmp_path: Path) -> None:
    """Also an application with the configuration of before, until the former addresses go."""
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    _write(stack, domain=DOMAIN, former=None)
    at_once = stack.run("heddle", "preview", CLUSTER)

    _write(stack, domain=DOMAIN, former={"domain": "none"})
    preview = " ".join(stack.ok("heddle", "preview", CLUSTER).split())
    _up(stack, "to a domain, both addresses")
    shown = stack.ok("heddle", "channel", "show", CLUSTER)
    _write(stack, domain=DOMAIN, former=None)
    _up(stack, "to a domain, the former addresses go")

    _write(stack, domain=None, former={"domain": DOMAIN, "ports": FIRST_PORTS})
    _up(stack, "back, both addresses")
    back = stack.ok("heddle", "channel", "show", CLUSTER)
    _write(stack, domain=None, former=None)
    _up(stack, "back, the addresses of the domain go")

    assert at_once.code == 1
    assert "addresses of nodes are in use and must not go" in " ".join(at_once.output.split())
    assert "5 nodes get another address and answer to the former one, too" in preview
    assert preview.count("new address of a consenter") == 3
    assert f"orderer2-orderer.{DOMAIN}:30402" in shown
    assert "svc.cluster.local:705" not in shown
    assert f"anchor peer0-organization.{DOMAIN}:30420" in shown
    assert DOMAIN not in back
