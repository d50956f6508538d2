"""`heddle logs STACK`: of all nodes in the order of time, whatever one of them does."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heddle.cli.app import app
from heddle.errors import HeddleError
from tests.logs.cluster import Cluster, served
from tests.logs.samples import ORDERER, OTHER, PEER, network_on, pods
from tests.network.samples import use_network

SINCE = ("--since", "2026-11-29T19:40")
Logs = Callable[..., Result]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with served(Cluster(pods())) as cluster:
        yield cluster


@pytest.fixture
def logs(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Logs:
    use_network(monkeypatch, network_on(cluster))

    def run(*options: str) -> Result:
        result = CliRunner().invoke(app, ["logs", "dev", *options])
        assert isinstance(result.exception, SystemExit | HeddleError | None), result.exception
        return result

    return run


def test_all_logs_come_in_the_order_of_time_each_line_with_its_node(logs: Logs) -> None:
    """A file has date and time on each line, so that it can be searched; what belongs to it is beneath."""
    result = logs(*SINCE)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"2026-11-29T19:40:01.000000Z {ORDERER} INFO [log] f -> first",
        f"2026-11-29T19:40:02.000000Z {PEER} ERROR [log] f -> second",
        "        table",
        f"2026-11-29T19:40:03.000000Z {OTHER} DEBUG [log] f -> third",
        "2026-11-29T19:40:03.500000Z assets-one-d0ff59 - my own words",
        f"2026-11-29T19:40:04.000000Z {ORDERER} WARNING [log] f -> fourth",
        f"2026-11-29T19:40:05.000000Z {PEER} INFO [log] f -> fifth",
    ]


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--node", PEER], ["second", "fifth"]),
        (["--node", PEER, "--node", OTHER], ["second", "third", "fifth"]),
        (["--chaincode", "assets"], ["my own words"]),
        (["--chaincode", "assets", "-n", ORDERER], ["first", "my own words", "fourth"]),
        (["--level", "warning"], ["second", "fourth"]),
        (["--level", "info"], ["first", "second", "my own words", "fourth", "fifth"]),
        (["--grep", "t(able|hird)"], ["second", "third"]),
        (["--since", "2026-11-29T19:40:03.2"], ["my own words", "fourth", "fifth"]),
        (["--previous"], ["panic: no ledger"]),
    ],
)
def test_what_is_chosen_is_shown_and_nothing_else(logs: Logs, options: list[str], shown: list[str]) -> None:
    """By node, chaincode, level, words and time; the log of a container that ended is shown whole."""
    given = options if "--since" in options or "--previous" in options else [*options, *SINCE]
    entries = [json.loads(line) for line in logs(*given, "--json").stdout.splitlines()]

    assert [each["message"].split("\n")[0].removeprefix("f -> ") for each in entries] == shown


def test_json_has_all_of_an_entry(logs: Logs) -> None:
    """One object on a line."""
    (line,) = logs("--previous", "--json").stdout.splitlines()

    assert json.loads(line) == {
        "time": "2026-11-29T19:40:00.000000Z",
        "node": PEER,
        "kind": "peer",
        "level": "panic",
        "logger": None,
        "message": "panic: no ledger\n\ngoroutine 1 [running]:",
    }


def test_a_container_that_restarted_is_told_and_where_its_log_is(logs: Logs) -> None:
    """On standard error, so that a program reads entries alone."""
    assert (
        "peer0-one: restarted once, before: Error, exit code 2, at 2026-11-29T19:39:59Z; that log: --previous"
        in (logs(*SINCE).stderr)
    )
    assert f"{OTHER}: no container ran before this one" in logs("--previous").stderr


def test_a_node_without_a_pod_is_told(cluster: Cluster, logs: Logs) -> None:
    """As is one whose container does not run."""
    del cluster.pods[f"{OTHER}-0"]
    cluster.pods[f"{ORDERER}-0"].running = False
    said = logs(*SINCE).stderr

    assert f"{OTHER}: it has no pod, so there is no log" in said
    assert f"{ORDERER}: it does not run: Error" in said


def test_a_node_that_does_not_answer_is_told_and_the_others_are_shown(cluster: Cluster, logs: Logs) -> None:
    """The exit code says that something lacks."""
    cluster.pods[f"{PEER}-0"].silent = True
    result = logs(*SINCE, "--timeout", "0.3")

    assert result.exit_code == 1
    assert f"{PEER}: its log does not answer: ReadTimeout" in result.stderr
    assert [line.rpartition(" ")[2] for line in result.stdout.splitlines()] == [
        "first",
        "third",
        "words",
        "fourth",
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--node", "peer9"], f"no node or database 'peer9'\n  There is: {ORDERER}, {PEER}, {OTHER}."),
        (["--node", "assets"], "assets is a chaincode: --chaincode assets"),
        (["--chaincode", "cars"], "no chaincode 'cars'\n  There is: assets."),
        (["--since", "yesterday"], "--since yesterday: a time such as 90m"),
        (["--grep", "a(b"], "no regular expression: missing ), unterminated subpattern, at sign 2"),
        (["--level", "loud"], "'loud' is not one of 'debug', 'info', 'warning', 'error', 'panic'"),
        (["--previous", "--follow"], "give one of them"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(logs: Logs, options: list[str], words: str) -> None:
    """Before anything is asked of the cluster."""
    result = logs(*options)
    said = str(result.exception) if "There is" in words or "--chaincode" in words else result.stderr
    flat = " ".join(each.strip("│ ") for each in said.splitlines())

    assert result.exit_code != 0
    assert " ".join(words.split()) in " ".join(flat.split()), said


def test_a_reader_that_has_enough_is_no_error(cluster: Cluster, tmp_path: Path) -> None:
    """As `head` is one: exit code 0, no word."""
    lines = cluster.pods[f"{ORDERER}-0"].runs[0]
    lines += [lines[-1]] * 20_000
    script = tmp_path / "logs.py"
    script.write_text(
        "import sys; import pytest; from heddle.cli.app import main\n"
        "from tests.network.samples import use_network, sample_network, plain_access\n"
        "access = {**plain_access(), 'kubeconfig': open(sys.argv.pop(1)).read()}\n"
        "use_network(pytest.MonkeyPatch(), sample_network(None, access))\n"
        "main()\n"
    )
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(cluster.kubeconfig)
    argv = [sys.executable, str(script), str(kubeconfig), "logs", "dev", "--node", ORDERER, *SINCE]
    running = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PYTHONPATH": str(Path.cwd())}
    )
    assert running.stdout
    assert running.stderr
    assert b"first" in running.stdout.readline()
    running.stdout.close()

    assert (running.wait(), running.stderr.read()) == (0, b"")
