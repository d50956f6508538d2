"""What orderers of 3.1.5 say when they start with, and without, their log of Raft."""

import re
from pathlib import Path

import pytest

from heddle.kube.client import KubeClient
from heddle.runbooks.raftlook import ask_lost_logs, lost_logs
from tests.logs.cluster import Cluster
from tests.logs.samples import ORDERER, network_on, node_pod, stamped

STARTS = Path(__file__).parents[1] / "cases/runbooks/orderer-starts"


def log(name: str) -> str:
    return (STARTS / f"{name}.log").read_text()


@pytest.mark.parametrize(
    ("name", "lost"),
    [("log-lost", ("channel",)), ("joined", ()), ("from-genesis", ()), ("restarted", ())],
)
def test_only_one_that_had_blocks_at_its_start_has_lost_its_log(name: str, lost: tuple[str, ...]) -> None:
    """A consenter from the genesis block on, and one that came later, make theirs when they serve already."""
    assert "WAL" in log(name)
    assert lost_logs(log(name)) == lost


def test_other_formats_of_logs_tell_it_too() -> None:
    """As json has the channel in a field of its own."""
    words = "No WAL data found, creating new WAL at path '/x/wal/a.b-c'"
    made = f'{{"level":"info","msg":"{words}","channel":"a.b-c"}}'
    start = '{"msg":"Starting raft node to join an existing channel","channel":"%s","node":1}'

    assert lost_logs(f"{made}\n{start % 'a.b-c'}") == ("a.b-c",)
    assert lost_logs(f"{made}\n{start % 'a.b'}") == ()


def test_every_channel_is_told_for_itself() -> None:
    """One of them may have its log."""
    other = re.sub(r"(?<=wal/)channel|(?<=channel=)channel", "other", log("log-lost"))
    before_serving = log("log-lost").partition("Beginning")[0]

    assert lost_logs(before_serving + log("restarted")) == ("channel",)
    assert lost_logs(before_serving + other) == ("channel", "other")


async def test_orderers_are_asked_for_the_beginning_of_their_logs() -> None:
    """Not for all of it."""
    lines = log("log-lost").splitlines()
    served = Cluster([node_pod(ORDERER, [stamped(0, line) for line in lines])])
    async with await served.start():
        network = network_on(served)
        async with await KubeClient.open(network.access.kubeconfig) as client:
            found = await ask_lost_logs(client, network.instance.orderers)
        await served.close()

    assert found == {ORDERER: ("channel",)}
    assert [each for each in served.requests if "limitBytes=" in each]
