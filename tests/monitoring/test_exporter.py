"""The exporter tells what Heddle's other commands tell, in metrics that the file of metrics names."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from heddle.errors import EngineError
from heddle.kube.volumeusage import VolumeUsage
from heddle.monitoring.exporter import Facts, Sample, samples_of, serve, text_of
from heddle.monitoring.exporter.growth import Growth
from heddle.monitoring.exporter.samples import families_of
from heddle.monitoring.metrics import METRICS, Source
from heddle.network.ends import CertificateEnd, InstanceCertificates
from heddle.network.overview import BackupAge
from heddle.network.status import ChaincodeStatus, InstanceStatus, NodeStatus
from heddle.planner.margin import ChannelMargin
from heddle.planner.standing import Standing

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
NODE = NodeStatus(
    name="orderer0",
    kind="orderer",
    organization="orderer",
    address="orderer0:7050",
    public_endpoint="",
    version="v3.1.5",
    image="",
    certificate_expires="",
    heights={"trade": 40},
    roles={"trade": "consenter/active"},
    summary="",
    problems=(),
)
SILENT = replace(NODE, name="peer0", kind="peer", organization="one", heights={}, problems=("no answer",))
BEHIND = replace(NODE, name="peer1", kind="peer", organization="one", heights={"trade": 33})
CHAINCODE = ChaincodeStatus(
    name="assets", channel="trade", version="1", sequence=1, summary="", problem="not committed"
)
STATUS = InstanceStatus(
    name="prod",
    namespace="fabric-prod",
    standin=False,
    nodes=(NODE, SILENT, BEHIND),
    chaincodes=(CHAINCODE,),
    margins=(
        ChannelMargin(channel="trade", bft=False, standing=Standing(running=2, consenters=3, needed=2)),
        ChannelMargin(channel="dark", bft=False, standing=None),
    ),
)
END = CertificateEnd(
    whose="peer0",
    purpose="TLS",
    subject="CN=peer0",
    serial="0123456789abcdef",
    fingerprint="",
    not_after="2026-12-10T00:00:00+00:00",
    days=10,
    stops="",
    remedy="",
    soon=True,
    presented_at=("gRPC 7051",),
    differs="not the one issued last",
)
FACTS = Facts(
    namespace="fabric-prod",
    status=STATUS,
    certificates=InstanceCertificates(name="prod", certificates=(END,), not_seen=()),
    drift={"trade": 2},
    backups=BackupAge(words="", newest="2026-11-29T11:00:00Z", overdue=True),
    clocks={"machine m0": -3.0},
    volumes=(VolumeUsage(claim="peer0", used=40, capacity=100),),
    unknown={},
)
EXPECTED = """
heddle_backup_age_seconds{namespace="fabric-prod"} 3600.0
heddle_backup_overdue{namespace="fabric-prod"} 1.0
heddle_certificate_days_left{namespace="fabric-prod",purpose="TLS",serial="01234567",whose="peer0"} 10.0
heddle_certificate_differs{namespace="fabric-prod",whose="peer0"} 1.0
heddle_chaincode_up{chaincode="assets",channel="trade",namespace="fabric-prod"} 0.0
heddle_channel_consenters{channel="trade",namespace="fabric-prod"} 3.0
heddle_channel_drift{channel="trade",namespace="fabric-prod"} 2.0
heddle_channel_height_gap{channel="trade",namespace="fabric-prod",node="orderer0",role="orderer"} 0.0
heddle_channel_height_gap{channel="trade",namespace="fabric-prod",node="peer1",role="peer"} 7.0
heddle_channel_margin{channel="trade",namespace="fabric-prod"} 0.0
heddle_channel_ordering{channel="trade",namespace="fabric-prod"} 2.0
heddle_clock_skew_seconds{clock="machine m0",namespace="fabric-prod"} -3.0
heddle_facts_known{facts="backups",namespace="fabric-prod"} 1.0
heddle_node_problems{namespace="fabric-prod",node="peer0",organization="one",role="peer"} 1.0
heddle_node_up{namespace="fabric-prod",node="orderer0",organization="orderer",role="orderer"} 1.0
heddle_node_up{namespace="fabric-prod",node="peer0",organization="one",role="peer"} 0.0
heddle_volume_capacity_bytes{namespace="fabric-prod",persistentvolumeclaim="peer0"} 100.0
heddle_volume_used_bytes{namespace="fabric-prod",persistentvolumeclaim="peer0"} 40.0
""".strip().splitlines()


def numbers(facts: Facts) -> list[str]:
    return [line for line in text_of("fabric-prod", samples_of(facts, NOW)).splitlines() if line[0] != "#"]


def test_facts_become_numbers() -> None:
    found = numbers(FACTS)

    assert [line for line in EXPECTED if line not in found] == []


def test_a_channel_of_which_nobody_tells_has_no_margin() -> None:
    """A zero would wake somebody for what is only not known."""
    assert not any('channel="dark"' in line for line in numbers(FACTS))


def test_what_is_not_known_is_named_and_has_no_number() -> None:
    unknown = Facts(namespace="fabric-prod", unknown={"backups": "the bucket does not answer"})

    found = numbers(unknown)

    assert 'heddle_facts_known{facts="backups",namespace="fabric-prod"} 0.0' in found
    assert all(line.startswith("heddle_facts_known") for line in found)


def test_every_metric_of_the_exporter_can_be_told() -> None:
    """But for those that only time tells."""
    told = {sample.name for sample in samples_of(FACTS, NOW)}
    own = {name for name, metric in METRICS.items() if metric.source is Source.EXPORTER}

    assert own - told == {"heddle_volume_days_left"}


def test_a_sample_with_other_labels_than_its_metric_is_an_error() -> None:
    wrong = Sample(name="heddle_channel_margin", value=1, labels={"node": "orderer0"})

    with pytest.raises(ValueError, match="has the labels"):
        families_of("fabric-prod", [wrong])


@pytest.mark.parametrize(
    ("used", "days"),
    [([10, 20], 2.0), ([10, 10], float("inf")), ([20, 10], float("inf"))],
    ids=["it grows", "it stands still", "something was deleted"],
)
def test_days_are_told_from_growth(used: list[int], days: float) -> None:
    """6 hours for 10 of 100 bytes, with 80 left: 40 a day."""
    growth, hours = Growth(), (0, 6)
    found = [
        growth.watch([VolumeUsage(claim="p0", used=each, capacity=100)], hour * 3600)
        for hour, each in zip(hours, used, strict=True)
    ]

    assert found[0] == ()
    assert [sample.value for sample in found[1]] == [days]


def test_only_the_last_day_counts() -> None:
    growth = Growth()
    for hour, used in ((0, 0), (24, 50), (48, 60)):
        (*_, last) = growth.watch([VolumeUsage(claim="p0", used=used, capacity=100)], hour * 3600) or (None,)

    assert last is not None
    assert last.value == 4.0


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def test_rounds_are_served_and_an_unreadable_stack_is_told_once(port: int) -> None:
    """While the stack cannot be read there is no number at all, which an alarm is for.

    Whatever goes wrong in a round, the next one comes.
    """
    told: list[str] = []
    stopped, asked = threading.Event(), threading.Semaphore(0)
    unread, odd = EngineError("stack 'prod' has no network yet"), RuntimeError("nobody thought of this")
    answers: Iterator[Facts | Exception] = iter([unread, odd, FACTS])

    def ask() -> Facts:
        asked.release()
        answer = next(answers, FACTS)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run() -> None:
        serve(ask, host="127.0.0.1", port=port, every=0.01, stopped=stopped, tell=told.append)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(4):
            assert asked.acquire(timeout=30)
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    finally:
        stopped.set()
        thread.join(30)

    assert 'heddle_channel_margin{channel="trade",namespace="fabric-prod"} 0.0' in text
    assert told == [
        f"metrics at http://127.0.0.1:{port}/metrics, asked anew every 0.01 s",
        "instance: stack 'prod' has no network yet",
        "instance: RuntimeError: nobody thought of this; this is a fault of Heddle's, please report it",
    ]
