"""`collect`: an archive in which no secret is, wherever secrets were, and all else that answers."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.errors import RunbookError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer
from heddle.identity.authority import new_authority
from heddle.kube.client import KubeClient
from heddle.runbooks.allowlist import KINDS, taken
from heddle.runbooks.archive import Archive
from heddle.runbooks.collecting import collect
from heddle.runbooks.scrubbing import Scrubber, secret_name
from tests.logs.cluster import Cluster, Pod
from tests.logs.samples import ORDERER, OTHER, PEER, fabric, network_on, node_pod, stamped
from tests.runbooks.test_triage import context_of

KEY = new_authority(common_name="x", organization="x").private_key.decode()
PASSWORD, TOKEN = "correct-horse-7", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
HIDDEN = ("Sup3rHidden", "0nlyInAConfigMap", "inAnAnnotation9", "plainInTheEnvironment4", "fromArgv77")
SECRETS = (PASSWORD, TOKEN, *HIDDEN, *(line for line in KEY.splitlines() if "-----" not in line))


class Leaky(Pod):
    """A pod with secrets wherever its author could put them."""

    def plain(self) -> dict[str, Any]:
        found = super().plain()
        found["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": HIDDEN[2]}
        container = found["spec"]["containers"][0]
        container["env"] += [
            {"name": "COUCHDB_PASSWORD", "value": PASSWORD},
            {"name": "ANYTHING", "value": HIDDEN[3]},
        ]
        container["args"] = ["--key", HIDDEN[4]]
        container["image"] = "localhost/heddle/standin:0.1.0"
        found["status"]["containerStatuses"][0]["lastState"] = {
            "terminated": {"reason": "Error", "exitCode": 1, "message": KEY}
        }
        found["status"]["message"] = f"failed with password={PASSWORD}"
        return found


def leaky_cluster() -> Cluster:
    key_lines = [stamped(3, line) for line in KEY.splitlines()]
    lines = [
        fabric(1, "INFO", f"connects to https://admin:{PASSWORD}@couchdb0:5984"),
        fabric(2, "INFO", "my key is"),
        *key_lines,
        fabric(4, "ERRO", f"Authorization: Bearer {TOKEN}"),
        stamped(5, json.dumps({"level": "info", "name": "x", "msg": f"password: {PASSWORD}"})),
        stamped(6, f"my words {PASSWORD} in a sentence"),
        fabric(7, "INFO", "block 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
    ]
    pod = node_pod(PEER, [*key_lines, stamped(0, "panic: the end")], lines)
    cluster = Cluster([Leaky(pod.name, pod.labels, pod.runs), node_pod(OTHER), node_pod(ORDERER)])
    secret = {"metadata": {"name": "tls", "uid": "s"}, "data": {"key": HIDDEN[0]}}
    configuration = {"metadata": {"name": "c", "uid": "c"}, "data": {"x": HIDDEN[1]}}
    base = "/api/v1/namespaces/fabric-dev"
    cluster.objects = {
        "/version": {"gitVersion": "v1.32.0"},
        f"{base}/secrets": [secret],
        f"{base}/configmaps": [configuration],
        f"{base}/events": [
            {
                "reason": "Failed",
                "message": f"token={TOKEN}",
                "involvedObject": {"kind": "Pod", "name": f"{PEER}-0"},
                "source": {"host": HIDDEN[0]},
            }
        ],
    }
    return cluster


async def collected(cluster: Cluster, to: Path, *, patience: float = 5) -> tuple[dict[str, str], list[str]]:
    """The texts of the archive by name, and what it says that it lacks."""
    async with await cluster.start():
        network = network_on(cluster)
        async with (
            await KubeClient.open(network.access.kubeconfig) as client,
            Connections(ClusterDialer(network.access.kubeconfig)) as connections,
        ):
            missing = await collect(
                context_of(network),
                client,
                connections,
                to,
                verdicts={"well": False, "findings": [{"words": f"password={PASSWORD}"}]},
                lines=["error: peer0-one: it crashes"],
                since=None,
                patience=patience,
            )
        await cluster.close()
    with tarfile.open(to) as archive:
        files = {each.name.partition("/")[2]: archive.extractfile(each) for each in archive}
        return {name: file.read().decode() for name, file in files.items() if file}, missing


async def test_no_secret_is_in_the_archive_wherever_one_was(tmp_path: Path) -> None:
    """In variables, arguments, annotations, Secrets, ConfigMaps, messages, events and logs: nothing of it."""
    cluster = leaky_cluster()
    texts, _ = await collected(cluster, tmp_path / "a.tar.gz")
    whole = "\n".join([*texts, *texts.values()])

    assert [secret for secret in SECRETS if secret in whole] == []
    assert "PRIVATE KEY-----" not in whole
    assert not [each for each in cluster.requests if "secrets" in each or "configmaps" in each]
    assert {each.partition(" ")[0] for each in cluster.requests} == {"GET"}


async def test_what_helps_is_in_the_archive(tmp_path: Path) -> None:
    """Verdicts first; names of variables, states, events, hashes, and the logs before and after a restart."""
    texts, missing = await collected(leaky_cluster(), tmp_path / "a.tar.gz")
    pods = json.loads(texts["objects/pods.json"])

    assert list(texts)[:3] == ["README.txt", "verdicts.txt", "verdicts.json"]
    assert texts["verdicts.txt"] == "error: peer0-one: it crashes\n"
    assert json.loads(texts["versions.json"])["kubernetes"] == "v1.32.0"
    assert [each["name"] for each in pods[0]["spec"]["containers"][0]["env"]] == [
        "COUCHDB_PASSWORD",
        "ANYTHING",
    ]
    assert json.loads(texts["objects/events.json"])[0]["reason"] == "Failed"
    assert "0123456789abcdef0123456789abcdef" in texts[f"logs/{PEER}.log"]
    assert "panic: the end" in texts[f"logs/{PEER}.previous.log"]
    # The nodes of the sample do not exist: the archive says so, and is there.
    assert [line.partition(":")[0] for line in missing] == ["channels/channel.json", "status.json"]
    assert texts["missing.txt"].splitlines() == missing


async def test_a_machine_that_does_not_answer_costs_its_own_log_alone(tmp_path: Path) -> None:
    """After its time."""
    cluster = leaky_cluster()
    cluster.pods[f"{PEER}-0"].silent = True
    cluster.pods[f"{OTHER}-0"].runs[0].append(fabric(1, "INFO", "here"))
    texts, missing = await collected(cluster, tmp_path / "a.tar.gz", patience=0.5)

    assert f"logs/{PEER}.log" not in texts
    assert "here" in texts[f"logs/{OTHER}.log"]
    assert any(line.startswith(f"logs/{PEER}.log: its log does not answer") for line in missing)


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """And what ended badly leaves none."""
    there = tmp_path / "a.tar.gz"
    there.write_text("mine")
    with pytest.raises(RunbookError, match="is there already"), Archive(there, "x", str):
        pass
    assert there.read_text() == "mine"

    broken = tmp_path / "b.tar.gz"
    with pytest.raises(ZeroDivisionError), Archive(broken, "x", str) as archive:
        archive.add("a", str(1 / 0))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.tar.gz"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password=abc123 next", "password=[removed] next"),
        ('"adminpw": "a b", "x": 1', '"adminpw": [removed], "x": 1'),
        ("LEDGER_STATE_COUCHDBCONFIG_PASSWORD: x;", "LEDGER_STATE_COUCHDBCONFIG_PASSWORD: [removed];"),
        ("--token abc --node x", "--token [removed] --node x"),
        ("GET https://u:p@host/x", "GET https://[removed]@host/x"),
        ("Basic dXNlcjpwYXNz", "Basic [removed]"),
        ("key AKIAABCDEFGHIJKLMNOP", "key [removed]"),
        ("Name or password is incorrect.", "Name or password is incorrect."),
        ("the password is hunter2", "the password is [removed]"),
        ("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQ", "[removed]"),
        ("-----BEGIN EC PRIVATE KEY-----\nabc", "[removed]"),
        ("x known-value y", "x [removed] y"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_goes_and_the_rest_stays(text: str, left: str) -> None:
    """Hashes and names are needed to understand a log."""
    assert Scrubber(["known-value", "a"])(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "hash 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "assets_1.0:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "pvc-bfd5c8b5-381d-4ffc-ae8e-a98ad5b4bdd1.fabric-prod.svc.cluster.local",
        "/var/hyperledger/production/ledgersData/chains/chains/channel/blockfile_000000",
        "github.com/hyperledger/fabric/core/ledger/kvledger/txmgmt/statedb/stateleveldb.NewVersionedDBProvider",
        "2026-11-29T19:40:00.382226Z peer0-organization INFO [gossip.privdata] Store -> block [9]",
    ],
)
def test_what_tells_about_an_incident_stays(text: str) -> None:
    """Hashes, paths, functions of a stack, names of volumes and hosts."""
    assert Scrubber()(text) == text


@given(
    st.lists(
        st.sampled_from(
            [
                *SECRETS,
                "password",
                "=",
                ":",
                " ",
                "is",
                "Bearer",
                "\n",
                "https://",
                "@",
                "[removed]",
                '"',
                "'",
            ]
        )
    ).map("".join)
)
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    """So the archive's own check can tell whether something was forgotten."""
    scrub = Scrubber(SECRETS)
    once = scrub(text)
    assert scrub(once) == once
    assert not any(secret in once for secret in SECRETS)


def test_only_what_is_listed_is_taken() -> None:
    """Of a kind with unknown fields, too."""
    pod = {
        "metadata": {"name": "x", "annotations": {"a": "b"}},
        "spec": {"new": 1, "containers": [{"env": "?"}]},
    }
    assert taken(pod, KINDS["pods"][1]) == {
        "metadata": {"name": "x"},
        "spec": {"containers": [{"env": None}]},
    }


@pytest.mark.parametrize(
    "name", ["COUCHDB_PASSWORD", "API_KEY", "MY_TOKEN", "S3_SECRET", "DB_PW", "PROXY_AUTH"]
)
def test_names_of_secret_variables_are_known(name: str) -> None:
    """Their values are taken out of all texts, too."""
    assert secret_name(name)
    assert not any(map(secret_name, ("FABRIC_LOGGING_SPEC", "CHAINCODE_ID", "GOGC", "KEYS_OF")))
