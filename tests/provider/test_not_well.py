"""What a preview, and an `up` without changes, say of nodes that are not well; asked of stand-ins."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.standins import prepared_standins
from tests.provider.harness import Engine, node_value, signer_value
from tests.provider.previews.cluster import ReadyCluster
from tests.provider.tokens import ROLLOUT
from tests.real.network import RealNetwork, running


@pytest.fixture(scope="module")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    yield from running(prepared_standins(tmp_path_factory.mktemp("n"), orderers=1, peers={"alpha": 2}))


@pytest.fixture
def cluster() -> Iterator[ReadyCluster]:
    with ReadyCluster() as cluster:
        yield cluster


@pytest.fixture
async def rolled_out(engine: Engine, cluster: ReadyCluster, standins: RealNetwork) -> dict[str, Any]:
    """The inputs of the peers' rollout, which is done."""
    await engine.provider.configure({"kubeconfig": cluster.kubeconfig})
    inputs = {
        "kind": "peer",
        "namespace": "n",
        "nodes": [node_value(peer) for peer in standins.peers],
        "revisions": {peer.name: "a" for peer in standins.peers},
        "certificates": {
            peer.name: standins.tls_certificates[peer.name].certificate.decode() for peer in standins.peers
        },
        "signers": [signer_value(standins.organizations["alpha"].admin)],
    }
    await engine.up(ROLLOUT, "rollout", inputs)
    return inputs


async def test_healthy_nodes_are_no_news(engine: Engine, rolled_out: dict[str, Any]) -> None:
    """A healthy network stays unchanged, without a word."""
    result = await engine.diff(ROLLOUT, "rollout", rolled_out)

    assert (result.changes, engine.log.of("warning")) == (False, [])


async def test_a_pod_that_crashes_is_named(
    engine: Engine, rolled_out: dict[str, Any], cluster: ReadyCluster
) -> None:
    """One line says which and how; there is nothing to restart, since it runs what it should."""
    cluster.crashing = {"alpha-peer2"}

    result = await engine.diff(ROLLOUT, "rollout", rolled_out)

    assert not result.changes
    assert engine.log.of("warning") == [
        "1 of 2 peers is not well\n"
        "alpha-peer2: Running, CrashLoopBackOff back-off 5m0s restarting failed container"
    ]


async def test_a_pod_with_an_old_template_is_a_difference(
    engine: Engine, rolled_out: dict[str, Any], cluster: ReadyCluster
) -> None:
    """Nothing in the stack file has changed, and still an `up` has something to do."""
    cluster.crashing = cluster.outdated = {"alpha-peer2"}

    result = await engine.diff(ROLLOUT, "rollout", rolled_out)

    assert list(result.detailed or ()) == ['revisions["alpha-peer2"]']
    assert len(engine.log.of("warning")) == 1


async def test_of_a_rollout_after_another_only_outdated_pods_are_news(
    engine: Engine, rolled_out: dict[str, Any], cluster: ReadyCluster
) -> None:
    """The one before has warned. What was marked while channels changed is a difference, and no other."""
    again = {**rolled_out, "again": True}
    await engine.up(ROLLOUT, "again", again)
    cluster.crashing = {"alpha-peer1"}
    result = await engine.diff(ROLLOUT, "again", again)
    assert (result.changes, engine.log.of("warning")) == (False, [])

    cluster.outdated = {"alpha-peer2"}
    result = await engine.diff(ROLLOUT, "again", again)
    assert list(result.detailed or ()) == ['revisions["alpha-peer2"]']
    assert engine.log.of("warning") == []


@pytest.mark.parametrize(
    ("made", "due"),
    [("2026-11-28T11:59:00Z", []), ("2026-11-28T12:01:00Z", ['revisions["alpha-peer2"]'])],
    ids=["before its peer was ready", "afterwards"],
)
async def test_a_database_with_a_new_volume_is_a_difference(
    engine: Engine, rolled_out: dict[str, Any], cluster: ReadyCluster, made: str, due: list[str]
) -> None:
    """Its peer runs on over an empty one, and the next `up` restarts it, whatever the stack file says."""
    cluster.claims = {"db1": "2026-11-28T11:00:00Z", "db2": made}
    rolled_out["databases"] = {"alpha-peer1": "db1", "alpha-peer2": "db2"}

    result = await engine.diff(ROLLOUT, "rollout", rolled_out)

    assert [each for each in result.detailed or () if each.startswith("revisions")] == due


async def test_a_node_that_does_not_answer_is_named(
    engine: Engine, rolled_out: dict[str, Any], standins: RealNetwork
) -> None:
    """Its pod may be ready all the same."""
    program = standins.programs["alpha-peer2"]
    program.stop()
    try:
        await engine.diff(ROLLOUT, "rollout", rolled_out)
    finally:
        program.start()
        program.wait()

    (warning,) = engine.log.of("warning")
    assert warning.startswith("1 of 2 peers is not well\nalpha-peer2: does not answer: ")
    assert warning.count("\n") == 1


async def test_a_cluster_that_is_away_is_said_and_changes_nothing(
    engine: Engine, rolled_out: dict[str, Any], cluster: ReadyCluster
) -> None:
    """A preview goes on without it."""
    cluster.__exit__()
    try:
        result = await engine.diff(ROLLOUT, "rollout", rolled_out)
    finally:
        cluster.__enter__()

    assert not result.changes
    assert engine.log.of("warning")[0].startswith("nodes not looked at\n")
