"""What stops a network, or changes it as a whole, under a client's load on Fabric's own nodes.

On the cluster of test_network.py; each instance is gone at the end of its test. The figures are printed.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import HeddleError
from heddle.fabric import gateway
from heddle.identity.authority import Authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.signer import Signer
from heddle.network.network import Network, open_network
from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.load import load
from tests.e2e.project import ROOT, Project
from tests.programs import needs

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800), needs("orderer", "peer")]
LIFE = 240
"""Seconds that certificates live: longer than the first `up` takes on a busy machine."""
PATIENCE = 60.0
"""Seconds that the longest pause may take, on a machine that is busy."""
UNNOTICED = 20.0
"""The same where nodes restart one at a time, on a busy machine. The goal is 5: see the printed figures."""

Make = Callable[..., Project]


@pytest.fixture
def make(project: Project, tmp_path: Path) -> Iterator[Make]:
    """Return what prepares an instance; nothing of it is left at the end."""
    assert project.stack == CLUSTER
    made: list[Project] = []

    def prepare(name: str, base: str = "dev", **values: Any) -> Project:
        stack = Project.copy(tmp_path / name, stack=CLUSTER, base=base)
        values = {"name": name, "publicAddress": "none", **values}
        for key, value in values.items():
            stack.edit(key, value=value)
        made.append(stack)
        return stack

    yield prepare
    for stack in made:
        stack.edit("disposable", value=True)
        stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
        stack.ok("heddle", "destroy", CLUSTER, "--yes")


@pytest.fixture
def network_now(monkeypatch: pytest.MonkeyPatch) -> Callable[[Project], Network]:
    """Return what opens the network of a stack as its state is now."""

    def open_now(stack: Project) -> Network:
        for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
            monkeypatch.setenv(name, stack.environment[name])
        return open_network(CLUSTER, stack.folder)

    return open_now


def timed(stack: Project, *argv: str) -> str:
    """Run a command that must succeed, print how long it took, and give its words."""
    since = time.monotonic()
    words = stack.ok(*argv)
    print(f"{' '.join(argv[:2])}: {time.monotonic() - since:.0f} s")
    return words


def put(network: Network, signer: Signer, name: str, *, deadline: float = 60) -> str:
    """Submit a transaction as somebody; return what was refused, empty if it was committed."""
    channel = network.instance.chaincode("assets").channel
    peer = network.representatives(channel)[0].peers[0]
    call = ("put", name, "somebody", "1")

    async def invoke() -> None:
        async with network.connections() as connections:
            await gateway.invoke(connections, peer, signer, channel, "assets", call, deadline=deadline)

    try:
        asyncio.run(invoke())
    except HeddleError as error:
        return str(error)
    return ""


def wait_until_expired(stack: Project) -> None:
    """Wait until `status` says of every node that its certificate has expired."""
    end = time.monotonic() + 2 * LIFE
    nodes = 5
    while True:
        status = stack.run("heddle", "status", CLUSTER).output
        said = {line.split(":")[0] for line in status.splitlines() if re.match(r"[op]\S+: .*expired", line)}
        if len(said) == nodes:
            return
        assert time.monotonic() < end, status
        time.sleep(2)  # each question is work for the machine on which they expire


@pytest.mark.parametrize("crashed", [False, True], ids=["all-ready", "one-crashed"])
def test_one_renewal_heals_a_network_whose_certificates_have_all_expired(
    make: Make, kube: Kube, crashed: bool
) -> None:
    """Pods stay Ready, nobody is served; `status` names what heals it, and one `up` does."""
    stack = make("expired")
    stack.environment["PYTHONPATH"] = str(ROOT)
    shortlived = (sys.executable, "-m", "tests.e2e.shortlived", str(LIFE))
    stack.ok(*shortlived, "up", CLUSTER, "--yes", "--skip-preview")
    wait_until_expired(stack)
    if crashed:
        kube.core.delete_namespaced_pod("orderer1-orderer-0", "fabric-expired")

    status = stack.run("heddle", "status", CLUSTER)
    stack.edit("certificates", value={"renewal": 1})
    since = time.monotonic()
    timed(stack, "heddle", "up", CLUSTER, "--yes", "--skip-preview")
    stack.ok("heddle", "chaincode", "invoke", CLUSTER, "--name", "assets", "put", "after", "alice", "1")

    print(f"first transaction {time.monotonic() - since:.0f} s after `up` began")
    assert status.code == 1
    assert "raise `certificates.renewal`" in status.output
    assert "heddle up" in status.output
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    stack.ok("heddle", "status", CLUSTER)
    with load(stack) as client:
        stack.ok("heddle", "status", CLUSTER)
    client.report.expect_all(pause=PATIENCE)


def test_all_nodes_restart_and_nobody_notices(make: Make) -> None:
    """New certificates, then new pods: one node at a time, each back at its work before the next one goes."""
    stack = make(
        "restarts",
        ordering={"type": "raft", "nodes": 3, "batch": {"timeout": "200ms"}},
        organizations=[{"name": name, "peers": 2} for name in ("north", "south")],
    )
    stack.edit("channels", 0, "organizations", value=["north", "south"])
    stack.edit("chaincodes", 0, "endorsement", value="all")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    spoken = {"environment": {"FABRIC_LOGGING_SPEC": "info:gossip=warning"}}
    edits = {"certificates": {"renewal": 1}, "nodes": {"orderer": spoken, "peer": spoken}}

    for key, value in edits.items():
        stack.edit(key, value=value)
        with load(stack) as client:
            words = timed(stack, "heddle", "up", CLUSTER, "--yes", "--skip-preview")
            time.sleep(5)  # the last restart's effect is measured, too
        print("\n".join(line for line in words.splitlines() if "Rollout" in line or "election" in line))

        client.report.expect_all(pause=UNNOTICED)

    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


@needs("pulumi")
def test_a_production_stack_shrinks(make: Make) -> None:
    """An orderer, a peer and a member leave; what cannot be is said before anything is done."""
    north, south = {"name": "north", "peers": 2}, {"name": "south", "peers": 1}
    stack = make(
        "shrinks",
        disposable=False,
        ordering={"type": "raft", "nodes": 4, "batch": {"timeout": "200ms"}},
        organizations=[north, south],
    )
    stack.edit("channels", 0, "organizations", value=["north", "south"])
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    pulumi_up = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", CLUSTER)

    with load(stack) as client:
        stack.edit("organizations", value=[north])
        stack.edit("channels", 0, "organizations", value=["north"])
        refused = stack.run("heddle", "preview", CLUSTER)
        at_once = stack.run("heddle", "up", CLUSTER, "--yes", "--skip-preview")

        stack.edit("organizations", value=[north, south])
        stack.edit("channels", 0, "organizations", value=["north", "south"])
        stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
        stack.edit("ordering", "nodes", value=3)
        orderer_leaves = stack.ok("heddle", "preview", CLUSTER)
        timed(stack, "heddle", "up", CLUSTER, "--yes")

        stack.edit("organizations", 0, "peers", value=1)
        timed(stack, *pulumi_up)

        stack.edit("organizations", 1, "leaving", value=True)
        same_sequence = stack.run("heddle", "preview", CLUSTER)
        stack.edit("chaincodes", 0, "sequence", value=2)
        member_leaves = stack.ok("heddle", "preview", CLUSTER)
        timed(stack, "heddle", "up", CLUSTER, "--yes")
        stack.edit("organizations", value=[{"name": "north", "peers": 1}])
        stack.edit("channels", 0, "organizations", value=["north"])
        timed(stack, *pulumi_up)

    assert refused.code == at_once.code == 1
    for said in (refused, at_once):
        assert "organization south is not in the file any more" in said.output.replace("\n", " ")
    assert "remove a consenter" in orderer_leaves
    assert same_sequence.code == 1
    assert "sequence" in same_sequence.output
    assert "peer organization SouthShrinksMSP: removed" in member_leaves
    client.report.expect_all(pause=PATIENCE)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    stack.ok("heddle", "status", CLUSTER)


def test_an_orderer_gets_a_new_tls_key_although_the_run_is_killed(make: Make) -> None:
    """The node restarts with a key that no channel knows; the next `up` makes the channel take it."""
    stack = make("rekeyed", organizations=[{"name": "organization", "peers": 1}])
    stack.edit("ordering", "batch", "timeout", value="200ms")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    stack.edit("certificates", value={"rekey": {"orderer1-orderer-tls": 1}})

    with load(stack) as client:
        preview = stack.ok("heddle", "preview", CLUSTER)
        killed = stack.kill_after(("heddle", "up", CLUSTER, "--yes", "--skip-preview"), lines=1, of="Rollout")
        timed(stack, "heddle", "up", CLUSTER, "--yes")

    assert "consenter orderer1-orderer: new certificate" in preview
    assert killed, "the run had ended before it was killed"
    client.report.expect_all(pause=PATIENCE)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    stack.ok("heddle", "status", CLUSTER)


def test_a_leaked_key_is_refused_and_the_new_one_works(
    make: Make, network_now: Callable[[Project], Network], tmp_path: Path
) -> None:
    """A user's key is made anew, and an application that was enrolled elsewhere is revoked."""
    stack = make(
        "leaked",
        ordering={"type": "raft", "nodes": 1, "batch": {"timeout": "200ms"}},
        organizations=[{"name": "organization", "peers": 2}],
    )
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    before = network_now(stack)
    leaked, application = before.signer("organization", "user"), enrolled(stack, before, tmp_path)
    assert put(before, leaked, "one") == ""
    assert put(before, application, "two") == ""

    (stack.folder / "application.pem").write_bytes(application.certificate)
    with load(stack) as client:
        stack.edit("organizations", 0, "revoked", value=["application.pem"])
        preview = stack.ok("heddle", "preview", CLUSTER)
        timed(stack, "heddle", "up", CLUSTER, "--yes")
    assert "revokes" in preview
    client.report.expect_all(pause=PATIENCE)
    assert "access denied" in put(before, application, "three", deadline=20)
    assert put(before, leaked, "four") == ""

    stack.edit("certificates", value={"rekey": {"user@organization": 1}})
    timed(stack, "heddle", "up", CLUSTER, "--yes")
    after = network_now(stack)
    assert put(after, after.signer("organization", "user"), "five") == ""
    assert "access denied" in put(before, leaked, "six", deadline=20)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def enrolled(stack: Project, network: Network, folder: Path) -> Signer:
    """Return a client that the organization's authority enrolled without Heddle."""
    out, member = folder / "client", network.instance.organization("organization")
    stack.ok("heddle", "sdk-config", CLUSTER, "--org", "organization", "--out", str(out), "--with-ca-keys")
    authority = Authority(
        certificate=(out / "certificates/ca.pem").read_bytes(),
        private_key=(out / "certificates/ca-key.pem").read_bytes(),
    )
    request = CertificateRequest(
        common_name="application",
        organization="organization",
        organizational_units=("client",),
        usage=Usage.IDENTITY,
    )
    issued = issue(authority, request)
    return Signer(msp_id=member.msp_id, certificate=issued.certificate, private_key=issued.private_key)


def test_every_certificate_of_enterprise_is_renewed(make: Make) -> None:
    """BFT, three channels, peers that are on some: all nodes restart, one after the other."""
    stack = make("enterprise", base="enterprise", publicAddress="auto")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    stack.edit("certificates", value={"renewal": 1})

    with load(stack) as client:
        timed(stack, "heddle", "up", CLUSTER, "--yes")

    client.report.expect_all(pause=PATIENCE)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    stack.ok("heddle", "status", CLUSTER)
