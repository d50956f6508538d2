"""The pods of the network of tests/network/samples.py, and what they logged."""

from dataclasses import replace

from heddle.network.network import Network
from tests.logs.cluster import Cluster, Pod
from tests.network.samples import plain_access, plain_instance, sample_network

ORDERER, PEER, OTHER = "orderer0-orderer", "peer0-one", "peer0-two"


def stamped(second: float, text: str) -> str:
    """A line of a container's log, so many seconds after 19:40."""
    return f"2026-11-29T19:40:{second:012.9f}Z {text}"


def fabric(second: float, level: str, text: str) -> str:
    """A line of Fabric's, with its colours."""
    return stamped(
        second,
        f"\x1b[34m2026-11-29 19:40:{second:06.3f} UTC 0001 {level}\x1b[0m [log] \x1b[34;1mf\x1b[0m -> {text}",
    )


def node_pod(name: str, *runs: list[str]) -> Pod:
    """The pod of a node."""
    return Pod(f"{name}-0", {"heddle.dev/node": name}, list(runs) or [[]])


def pods() -> list[Pod]:
    """One that restarted after a panic, and others; a Job's pod that works on a node's volume."""
    return [
        node_pod(ORDERER, [fabric(1, "INFO", "first"), fabric(4, "WARN", "fourth")]),
        node_pod(
            PEER,
            [stamped(0, "panic: no ledger"), stamped(0, ""), stamped(0, "goroutine 1 [running]:")],
            [fabric(2, "ERRO", "second"), stamped(2, "\ttable"), fabric(5, "INFO", "fifth")],
        ),
        node_pod(OTHER, [fabric(3, "DEBU", "third")]),
        Pod("job-x", {"heddle.dev/works-for": PEER}),
        Pod(
            "assets-one-d0ff59-5b8c-x",
            {"heddle.dev/chaincode": "assets-one-d0ff59"},
            [[stamped(3.5, "my own words")]],
            package="assets_1.0:00",
        ),
    ]


def network_on(cluster: Cluster) -> Network:
    """The network, reached by the cluster's API server."""
    network = sample_network(plain_instance(), plain_access())
    return replace(network, access=replace(network.access, kubeconfig=cluster.kubeconfig))
