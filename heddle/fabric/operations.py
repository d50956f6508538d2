"""Ask the operations endpoint of a node: version, metrics (core/operations/system.go).

It answers before ledgers are open, and an orderer's health says nothing of its consensus: use it for what it
measures. With `tls`, the client certificate that it wants, it speaks TLS; without, plain HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from heddle.errors import FabricError, PlainHttp
from heddle.fabric.answers import HttpAnswer, plain_of
from heddle.fabric.connection import Connections
from heddle.fabric.failures import refused
from heddle.fabric.node import ClientTls, Node
from heddle.plain import Plain
from heddle.waiting import Deadline, reading

__all__ = ["Metrics", "Sample", "metrics", "parse_metrics", "version"]

_LINE_LENGTH = 16 * 1024
"""Characters; what is longer is no metric of Fabric's, and could take minutes to look through."""
_VERSION = 100


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Hold one number of a metric, with its labels."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Hold all numbers of a node at one moment."""

    samples: tuple[Sample, ...]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the sum of the samples of this name that carry these labels; None if there are none."""
        found = [
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(found) if found else None


async def version(
    connections: Connections,
    node: Node,
    *,
    tls: ClientTls | None = None,
    any_date: bool = False,
    deadline: float,
) -> str:
    """Return the release that the node runs, such as "v3.1.5"; `any_date`: also of an expired node.

    Raises PlainHttp where the endpoint should speak TLS and does not.
    """
    response = await _get(connections, node, "/version", tls, deadline, any_date=any_date)
    content = _expect(response, node, "/version").content

    def read(answer: Plain) -> str:
        return answer["Version"].text(most=_VERSION)

    return plain_of(content, read, node, "GET /version", port=node.operations_port)


async def metrics(
    connections: Connections,
    node: Node,
    *,
    tls: ClientTls | None = None,
    any_date: bool = False,
    deadline: float,
) -> Metrics:
    """Read all metrics; the node's metrics.provider must be `prometheus`.

    `any_date`: also of an expired node.
    A node that does not speak TLS yet is asked in plain HTTP, as it was before: its metrics say which nodes
    restart last, so that it gets its TLS. Nothing is signed or sent for what they say.
    """
    clock = Deadline(deadline)
    try:
        response = await _get(connections, node, "/metrics", tls, clock.left(), any_date=any_date)
    except PlainHttp:
        response = await _get(connections, node, "/metrics", None, clock.left())
    return parse_metrics(_expect(response, node, "/metrics").text())


def parse_metrics(text: str) -> Metrics:
    """Read the Prometheus text format; comments and lines that carry no number are left out."""
    samples: list[Sample] = []
    for line in text.split("\n"):
        if not line.startswith("#") and len(line) <= _LINE_LENGTH:
            samples += _samples(line)
    return Metrics(samples=tuple(samples))


def _samples(line: str) -> list[Sample]:
    # Line by line: the library ends at the first line that it cannot read, and renames samples by their type.
    try:
        return [
            Sample(name=sample.name, labels=sample.labels, value=float(sample.value))
            for family in text_string_to_metric_families(line)
            for sample in family.samples
        ]
    except ValueError:
        return []


async def _get(
    connections: Connections,
    node: Node,
    path: str,
    tls: ClientTls | None,
    deadline: float,
    *,
    any_date: bool = False,
) -> HttpAnswer:
    port = node.operations_port
    if port is None:
        raise FabricError(
            f"{node.at()}: no operations port is known", hint="Give the node its operations port."
        )

    async def attempt(left: float) -> HttpAnswer:
        return await connections.request(
            node,
            port,
            "GET",
            path,
            f"GET {path}",
            deadline=left,
            client_tls=tls,
            tls=tls is not None,
            any_date=any_date,
        )

    return await reading(attempt, deadline=deadline)


def _expect(response: HttpAnswer, node: Node, path: str) -> HttpAnswer:
    if response.status == 200:
        return response
    words = response.text().strip()
    hint = ""
    if response.status == 400 and "HTTPS" in words:
        hint = "The endpoint speaks TLS: give a client certificate."
    elif path == "/metrics" and response.status == 404:
        hint = "Set metrics.provider to prometheus in core.yaml or orderer.yaml."
    told = f"HTTP {response.status}"
    port = node.operations_port
    raise refused(node, f"GET {path}", response.status, words, told=told, hint=hint, port=port)
