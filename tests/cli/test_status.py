"""`heddle status`: facts of every node, and what is wrong said beside what is right. Asked of stand-ins."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from heddle.cli import watching
from heddle.cli.app import app
from heddle.errors import EngineError
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from heddle.network import overview
from heddle.network.instance import (
    ChannelOutput,
    DefinitionOutput,
    InstanceOutput,
    OrganizationOutput,
    SleepOutput,
)
from heddle.network.network import Network
from heddle.network.surroundings import Surroundings
from heddle.planner.instance import NamespaceFacts, Workload
from tests.contract.standins import prepared_standins
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.real.network import RealNetwork, running
from tests.real.processes import free_ports
from tests.real.steps import Packaged, define, make_channel

PACKAGE = Packaged(label="assets", package=b"", package_id="assets:00")


@pytest.fixture(scope="module")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    """One orderer, two organizations with a peer each, a channel, and a definition in force on it."""
    yield from running(
        prepared_standins(tmp_path_factory.mktemp("n"), orderers=1, peers={"alpha": 1, "beta": 1})
    )


@pytest.fixture(scope="module")
def deployed(standins: RealNetwork) -> Network:
    async def deploy() -> None:
        async with Connections(DirectDialer()) as connections:
            await make_channel(connections, standins)
            packages = dict.fromkeys(standins.organizations, PACKAGE)
            wanted = Definition(name="assets", version="1", sequence=1)
            await define(connections, standins, wanted, packages)

    asyncio.run(deploy())
    return network_of_processes(standins)


Status = Callable[..., tuple[int, str]]


@pytest.fixture
def status(deployed: Network, monkeypatch: pytest.MonkeyPatch) -> Status:
    """Run the verb on the network, its output changed by what is given."""

    def run(*options: str, **changes: Any) -> tuple[int, str]:
        use_network(monkeypatch, replace(deployed, instance=replace(deployed.instance, **changes)))
        result = CliRunner().invoke(app, ["status", "dev", *options], env={"COLUMNS": "130"})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


def peers_with(instance: InstanceOutput, **changes: Any) -> Any:
    """The peers, the last one otherwise."""
    return (*instance.peers[:-1], replace(instance.peers[-1], **changes))


def test_a_healthy_network_is_shown_and_exits_with_0(status: Status) -> None:
    """Every node with its height and version, every chaincode."""
    code, text = status()

    assert (code, text.count("✓"), text.count("✗")) == (0, 3 + 1, 0)
    assert text.count("channel 4") == 3, text
    assert text.count(" v3.1.5 ") == 3
    assert "own words" not in text


def test_the_state_and_what_can_be_lost_are_on_top(status: Status, deployed: Network) -> None:
    """In a line each, with the reason; JSON has the same."""
    _, text = status()
    assert text.splitlines()[:3] == [
        f"{deployed.instance.name}: normal: everything answers as it should",
        "channel channel: no orderer may fail (1 of 1 order, 1 is needed)",
        "",
    ]
    found = json.loads(status("--json")[1])
    assert (found["state"], found["reason"]) == ("normal", "everything answers as it should")
    assert found["margins"] == [
        {
            "channel": "channel",
            "consensus": "etcdraft",
            "mayFail": 0,
            "ordering": 1,
            "consenters": 1,
            "needed": 1,
        }
    ]

    port, operations = free_ports(2)
    peers = peers_with(deployed.instance, port=port, operations_port=operations)
    _, text = status(peers=peers)
    assert text.startswith(f"{deployed.instance.name}: abnormal: beta-peer1: does not answer: ")


SLEEP = SleepOutput(
    since="2026-11-29T08:00:00Z", ledgers={"orderer0": {"channel": "17 ab"}, "peer0": {"channel": "16 cd"}}
)


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Callable[[Surroundings], None]:
    """Say what is around the nodes, none of which may be asked."""

    def say(found: Surroundings) -> None:
        async def answer(*_: object, **__: object) -> Surroundings:
            return found

        async def ask(*_: object, **__: object) -> None:
            raise AssertionError("a node was asked")

        monkeypatch.setattr(overview, "ask_surroundings", answer)
        monkeypatch.setattr(overview, "ask_status", ask)

    return say


def test_of_an_instance_that_sleeps_no_node_is_asked(
    status: Status, around: Callable[[Surroundings], None], deployed: Network
) -> None:
    """It is as it should be: how many blocks it had is told, and that pods are neither wanted nor there."""
    names = [node.name for node in (*deployed.instance.orderers, *deployed.instance.peers)]
    around(Surroundings(workloads=dict.fromkeys([*names, "assets-alpha"], Workload(wanted=0, ready=0))))

    code, text = status(sleep=SLEEP)
    assert code == 0
    assert text.splitlines() == [
        f"{deployed.instance.name}: hibernated: all 4 workloads are scaled to 0 replicas, "
        f"since {SLEEP.since}; `power: on` wakes it",
        "pods ready: 0 of 0 orderers, 0 of 0 peers, 0 of 0 chaincode servers",
        "channel channel: 17 blocks when the instance went to sleep",
    ]
    found = json.loads(status("--json", sleep=SLEEP)[1])
    assert (found["state"], found["healthy"]) == ("hibernated", True)
    assert found["sleep"] == {"since": SLEEP.since, "blocks": {"channel": 17}}


def test_an_api_server_that_does_not_answer_is_told_at_once(
    status: Status, around: Callable[[Surroundings], None], deployed: Network
) -> None:
    """Once, not for every node whose way leads through it."""
    around(Surroundings(unreachable="API server https://192.0.2.1: no answer"))

    code, text = status(sleep=SLEEP)
    assert code == 1
    first, second = text.splitlines()
    assert first == f"{deployed.instance.name}: unknown: API server https://192.0.2.1: no answer"
    assert "heddle status --verbose" in second


@pytest.mark.parametrize("since", ["", "2026-11-29T08:00:00Z"])
def test_a_namespace_that_is_gone_or_goes_is_told_once(
    status: Status, around: Callable[[Surroundings], None], deployed: Network, since: str
) -> None:
    """With what to do; not of every node that some pod is not found."""
    names = [node.name for node in (*deployed.instance.orderers, *deployed.instance.peers)]
    around(
        Surroundings(
            workloads=dict.fromkeys(names, Workload(wanted=0, ready=0, there=False)),
            namespace=NamespaceFacts(name="fabric-dev", leaving_since=since),
        )
    )

    code, text = status(sleep=SLEEP)
    assert code == 1
    (line,) = text.splitlines()
    state = (
        "deleting: namespace fabric-dev is being deleted"
        if since
        else "abnormal: namespace fabric-dev is gone"
    )
    assert line.startswith(f"{deployed.instance.name}: {state}")
    assert "`heddle backup restore`" in line
    assert not json.loads(status("--json", sleep=SLEEP)[1])["healthy"]


def test_workloads_that_are_all_gone_are_told_once(
    status: Status, around: Callable[[Surroundings], None], deployed: Network
) -> None:
    """As somebody does it by `kubectl delete statefulsets --all`."""
    gone = Workload(wanted=0, ready=0, there=False)
    around(Surroundings(workloads={node.name: gone for node in deployed.instance.peers}))

    code, text = status(sleep=SLEEP)
    assert (code, len(text.splitlines())) == (1, 1)
    assert ": abnormal: none of its 2 workloads is there; " in text


def test_other_commands_say_that_it_sleeps(deployed: Network) -> None:
    """Not that some pod does not exist."""
    with pytest.raises(EngineError, match="ask its nodes: the instance is hibernated"):
        replace(deployed, instance=replace(deployed.instance, sleep=SLEEP)).connections()


def test_a_public_address_that_does_not_answer_is_a_state(status: Status, deployed: Network) -> None:
    """The nodes are well: the exit code is 0, since it may be this machine alone that does not get there."""
    (port,) = free_ports(1)
    answering = f"127.0.0.1:{deployed.instance.peers[0].port}"
    code, text = status(peers=peers_with(deployed.instance, public_endpoint=answering))
    assert text.splitlines()[0].endswith(": normal: everything answers as it should")

    code, text = status(peers=peers_with(deployed.instance, public_endpoint=f"127.0.0.1:{port}"))
    assert code == 0
    assert (
        f": address abnormal: from this machine beta-peer1 does not answer outside: 127.0.0.1:{port}: "
        in text
    )


def test_a_watch_asks_again_until_it_is_interrupted(
    status: Status, deployed: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question after the other, each with its time; Ctrl-C is how it ends well."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    port, operations = free_ports(2)

    code, text = status("--watch", peers=peers_with(deployed.instance, port=port, operations_port=operations))

    assert code == 0, "also when something is wrong: that was shown"
    assert pauses == [watching.PAUSE] * 2
    assert text.count("asked at ") == text.count(": abnormal: ") == 2
    assert status("--watch", "--json")[0] == 2


def test_a_watch_goes_on_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The network may just be coming, or coming back."""
    answers: list[Any] = [EngineError("no network yet", hint="wait"), "here it is", KeyboardInterrupt()]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, str):
            return answer
        raise answer

    watching.watch(ask, lambda console, found: console.print(found), pause=0)

    shown = capsys.readouterr().out
    assert shown.index("error: no network yet") < shown.index("here it is")


def test_a_node_that_does_not_answer_is_one_line_and_hides_no_other(
    status: Status, deployed: Network
) -> None:
    """The line says why and what to do; the exit code says that something is wrong."""
    port, operations = free_ports(2)
    peers = peers_with(deployed.instance, port=port, operations_port=operations)

    code, text = status(peers=peers)

    assert code == 1
    assert (text.count("✗"), text.count("channel 4")) == (1, 2)
    [line] = [line for line in text.splitlines() if line.startswith("beta-peer1:")]
    assert "does not answer" in line
    assert "is the node running, and is the port right?" in line
    assert "localhost" not in line, "which address was dialled is told by --verbose"


def test_the_nodes_own_words_are_shown_on_demand(status: Status, deployed: Network) -> None:
    """Every question that was not answered, whole."""
    port, operations = free_ports(2)
    peers = peers_with(deployed.instance, port=port, operations_port=operations)

    _, text = status("--verbose", peers=peers)

    assert f"beta-peer1 (localhost:{port}): qscc GetChainInfo on channel: no answer" in text
    assert f"beta-peer1 (localhost:{operations}): GET /version: no answer" in text


def test_a_node_that_has_not_joined_its_channel(status: Status, deployed: Network) -> None:
    """It answers, but lacks what the stack says it has."""
    channels = dict(deployed.instance.channels)
    other = ChannelOutput(
        name="other", organizations=("alpha", "beta"), peers=("beta-peer1",), genesis_hash="00"
    )

    code, text = status(channels=channels | {"other": other})

    assert code == 1
    assert "beta-peer1: other: not joined; `heddle refresh`, then `heddle up` mend it" in text
    assert text.count("✗") == 2, "the orderer has not joined either"


def test_an_external_organization_may_come_first(status: Status, deployed: Network) -> None:
    """It has no peer and no keys here: a managed one is asked."""
    instance = deployed.instance
    partner = OrganizationOutput(
        name="partner", msp_id="PartnerMSP", kind="peer", ca_certificate="", tls_ca_certificate="", users={}
    )
    first = replace(instance.channel("channel"), organizations=("partner", "alpha", "beta"))

    code, text = status(
        channels={"channel": first}, organizations={**instance.organizations, "partner": partner}
    )

    assert code == 0, text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "others"}, "not committed on channel"),
        ({"version": "2", "sequence": 2}, "the channel has version 1, sequence 1"),
    ],
)
def test_a_chaincode_that_the_ledger_knows_otherwise(
    status: Status, deployed: Network, changes: dict[str, Any], words: str
) -> None:
    """What was deployed and what is in force differ."""
    chaincode = replace(deployed.instance.chaincode("assets"), **changes)

    code, text = status(chaincodes={chaincode.name: chaincode})

    assert code == 1
    assert f"{chaincode.name}: {words}" in text


def test_a_chaincode_is_judged_on_each_of_its_channels(status: Status, deployed: Network) -> None:
    """It is well on one, and not in force on the other."""
    instance = deployed.instance
    elsewhere = replace(instance.channel("channel"), name="audit", peers=())
    further = {
        "audit": DefinitionOutput(
            name="audit", sequence=4, endorsement_policy="", init_required=False, collections=()
        )
    }
    chaincode = replace(instance.chaincode("assets"), further=further)

    code, text = status(
        "--json", channels={**instance.channels, "audit": elsewhere}, chaincodes={"assets": chaincode}
    )

    judged = {each["channel"]: each for each in json.loads(text)["chaincodes"]}
    assert code == 1
    assert (judged["channel"]["sequence"], judged["channel"]["problem"]) == (1, "")
    assert judged["audit"]["sequence"] == 4
    assert "no peer on it" in judged["audit"]["problem"]


class _Liar(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = json.dumps({"Version": "[/] \x1b[2J[red]v9[/red]\n"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def lying_port() -> Iterator[int]:
    """A port whose operations endpoint gives a version made of markup and escape sequences."""
    with HTTPServer(("127.0.0.1", 0), _Liar) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_text_of_nodes_is_no_markup_and_moves_no_cursor(
    status: Status, deployed: Network, lying_port: int
) -> None:
    """A version of `[/]` is shown as it is, an escape sequence as a replacement character."""
    code, text = status(peers=peers_with(deployed.instance, operations_port=lying_port))

    assert code == 0
    assert "[/] \N{REPLACEMENT CHARACTER}[2J[red]v9[/red]" in text
    assert "\x1b" not in text


def test_json_says_the_same(status: Status, deployed: Network) -> None:
    """For programs."""
    port, operations = free_ports(2)
    peers = peers_with(deployed.instance, port=port, operations_port=operations)

    code, text = status("--json", peers=peers)

    found = json.loads(text)
    assert (code, found["healthy"]) == (1, False)
    assert {node["name"]: len(node["problems"]) for node in found["nodes"]} == {
        "orderer1": 0,
        "alpha-peer1": 0,
        "beta-peer1": 2,
    }
    assert found["nodes"][0]["roles"] == {"channel": "consenter/active"}
    assert "PRIVATE KEY" not in text
