"""Authorities are exchanged under a client's load: trust both, issue from the new one, retire the old one.

On the cluster of test_network.py, with Fabric's own nodes where they are on PATH. Each phase is killed at a
write that HEDDLE_SEED chooses; HEDDLE_FAILPOINTS=3 kills it at three, one run after the other, and also takes
the network of the stack `enterprise`, which is larger. The figures are printed.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf

import pytest

from heddle.errors import HeddleError
from heddle.fabric import participation
from heddle.fabric.connection import Connections
from heddle.fabric.orderer import config_block
from heddle.network.network import Network
from tests.e2e.conftest import CLUSTER
from tests.e2e.load import load
from tests.e2e.project import Project, fabric_release
from tests.e2e.test_interrupted import MANY, SEED, whole
from tests.e2e.test_under_load import PATIENCE, UNNOTICED, Make, make, network_now, put
from tests.failpoints import Failpoints
from tests.programs import needs

__all__ = ["make", "network_now"]

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(2400)]
UP = ("up", CLUSTER, "--yes", "--skip-preview")
WRITES = 30
"""The first writes of a phase, of which one is chosen; a run that has fewer ends."""
NOT_TRUSTED, IN_USE = "must not issue yet", "is in use and must not go yet"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A network of which organizations come to the second generation of their authorities."""

    stack: Project
    organizations: tuple[str, ...]
    choice: random.Random
    pause: float

    @property
    def points(self) -> Failpoints:
        """Return what runs and kills commands on the stack."""
        return Failpoints(
            folder=self.stack.folder, environment=self.stack.environment, log=self.stack.folder / "writes"
        )

    def write(self, phase: str) -> None:
        """Write the phase in the stack file, for all organizations."""
        entry = {"generation": 2, "phase": phase}
        self.stack.edit(
            "certificates", value={"authorities": {name: dict(entry) for name in self.organizations}}
        )

    def refuses(self, phase: str, words: str) -> None:
        """See that a phase is refused before anything is done."""
        self.write(phase)
        result = self.stack.run("heddle", "preview", CLUSTER)
        assert result.code == 1, result.output
        assert words in result.output, result.output

    def goes_through(self, phase: str) -> None:
        """Come to a phase under load although the run is killed, and finish it with the next run."""
        self.write(phase)
        with load(self.stack) as client:
            for _ in range(int(MANY) if MANY.isdecimal() else 1):
                print(f"{phase}: {self._killed(self.choice.randint(1, WRITES))}", flush=True)
            finished = self.points.finish(UP)
        print(f"{phase}: {len(finished.writes)} writes afterwards; {client.report}")
        client.report.expect_all(pause=self.pause)

    def _killed(self, number: int) -> str:
        """Kill a run at a write, unless it ends before, and return at which."""
        run = self.points.run(UP, kill_at=number, after=bool(number % 2))
        assert run.was_killed or run.code == 0, run.output
        return f"killed at {run.writes[-1]}" if run.was_killed else f"ended before write {number}"


def exchange(stack: Project, *organizations: str, pause: float) -> None:
    """Go through all phases; none is let through early, and nothing is left to do at the end."""
    print(f"HEDDLE_SEED={SEED}")
    choice = random.Random(SEED)  # noqa: S311 - a choice, not a key
    story = Exchange(stack=stack, organizations=organizations, choice=choice, pause=pause)
    story.refuses("issuing", NOT_TRUSTED)
    story.refuses("retired", NOT_TRUSTED)
    story.goes_through("trusted")
    story.refuses("retired", IN_USE)
    story.goes_through("issuing")
    story.goes_through("retired")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    stack.edit("certificates", value={"authorities": {name: {"generation": 2} for name in organizations}})
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    stack.ok("heddle", "status", CLUSTER)


def refusals(network: Network, orderers: str) -> dict[str, str]:
    """Return what nodes say to the certificates that a network was opened with, empty if they let them in."""
    channel, node = network.instance.chaincode("assets").channel, network.orderers[0]
    member = network.representatives(channel)[0].organization.name

    async def read(connections: Connections) -> None:
        await config_block(connections, node, channel, network.signer(orderers), deadline=20)

    async def administer(connections: Connections) -> None:
        await participation.channel_info(connections, node, channel, network.client_tls(), deadline=20)

    async def asked(ask: Callable[[Connections], Awaitable[None]]) -> str:
        try:
            async with network.connections() as connections:
                await ask(connections)
        except HeddleError as error:
            return error.message
        return ""

    return {
        "transaction": put(network, network.signer(member, "user"), "former", deadline=20),
        "reader": asyncio.run(asked(read)),
        "admin port": asyncio.run(asked(administer)),
    }


def test_all_authorities_of_a_network_are_exchanged_under_load(
    make: Make, network_now: Callable[[Project], Network]
) -> None:
    """Raft: the orderers' and a member's at once, each phase killed; the former certificates are refused."""
    real = fabric_release() is not None
    stack = make(
        "exchange",
        base="dev" if real else "offline",
        ordering={"type": "raft", "nodes": 3, "batch": {"timeout": "200ms"}},
    )
    stack.ok("heddle", *UP)
    former = network_now(stack)
    assert set(refusals(former, "orderer").values()) == {""}

    exchange(stack, "orderer", "organization", pause=UNNOTICED if real else inf)

    said = refusals(former, "orderer")
    assert "access denied" in said["transaction"], said
    assert "FORBIDDEN" in said["reader"], said
    assert said["admin port"], said
    assert set(refusals(network_now(stack), "orderer").values()) == {""}


@whole
@needs("orderer", "peer")
def test_all_authorities_of_enterprise_are_exchanged_under_load(
    make: Make, network_now: Callable[[Project], Network]
) -> None:
    """BFT, three channels, four organizations: each channel knows its orderers by both certificates."""
    stack = make("exchanges", base="enterprise")
    stack.ok("heddle", *UP)
    former = network_now(stack)

    exchange(stack, "operator", "maker", "carrier", "shop", pause=PATIENCE)

    assert all(refusals(former, "operator").values())
    assert set(refusals(network_now(stack), "operator").values()) == {""}
