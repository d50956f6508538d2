"""Jobs on a stopped node's volume."""

from typing import Any

import pytest

from heddle.errors import KubeError
from heddle.kube.jobs import date_of_name
from heddle.runbooks.ledgerjobs import aside_job, blocks_aside_job, command_job


def statefulset() -> dict[str, Any]:
    """A peer's, as the API server gives it."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "peer",
        "image": "docker.io/hyperledger/fabric-peer:3.1.5",
        "command": ["peer", "node", "start"],
        "env": [{"name": "FABRIC_CFG_PATH", "value": "/etc/hyperledger/fabric"}],
        "ports": [{"containerPort": 7051}],
        "readinessProbe": {"tcpSocket": {"port": "grpc"}},
        "securityContext": security,
        "volumeMounts": [
            {"name": "fabric", "mountPath": "/etc/hyperledger/fabric"},
            {"name": "ledger", "mountPath": "/var/hyperledger/production"},
        ],
    }
    pod = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "nodeSelector": {"zone": "a"},
        "affinity": {"podAntiAffinity": {}},
        "containers": [container],
        "volumes": [
            {"name": "fabric", "projected": {}},
            {"name": "ledger", "persistentVolumeClaim": {"claimName": "peer0-one"}},
        ],
    }
    template = {"metadata": {"labels": {"heddle.dev/node": "peer0-one"}}, "spec": pod}
    return {"metadata": {"name": "peer0-one", "namespace": "fabric-x"}, "spec": {"template": template}}


def commands(job: dict[str, Any]) -> list[list[str]]:
    """What it runs, in order."""
    pod = job["spec"]["template"]["spec"]
    return [each["command"] for each in (*pod["initContainers"], *pod["containers"])]


def test_the_ledger_is_renamed_not_deleted() -> None:
    """Everything goes into a folder of the same volume, but for what was set aside before."""
    make, move = commands(aside_job(statefulset(), runbook="rejoin-peer", date="20261121t130000z"))

    aside = "/var/hyperledger/production/set-aside-20261121t130000z"
    assert make == ["/usr/bin/mkdir", "-p", aside]
    assert move[:2] == ["/usr/bin/find", "/var/hyperledger/production"]
    assert move[move.index("-name") - 1 : move.index("-name") + 2] == ["!", "-name", "set-aside-*"]
    assert move[-6:] == ["-exec", "/usr/bin/mv", "-t", aside, "{}", "+"]


def test_private_data_can_stay() -> None:
    """Blocks go aside alone: the store of private data is never moved, so nothing can lose it half-way."""
    steps = commands(blocks_aside_job(statefulset(), runbook="rejoin-peer", date="d"))

    moves = [step for step in steps if "-exec" in step]
    assert [step[1] for step in moves] == [
        "/var/hyperledger/production",
        "/var/hyperledger/production/ledgersData",
    ]
    assert "ledgersData" in moves[0]
    assert "pvtdataStore" in moves[1]


def test_a_job_is_the_node_without_its_clients() -> None:
    """Same image, files, user and restrictions, so that the namespace admits it; no label, port or probe."""
    job = command_job(
        statefulset(), ["peer", "node", "rebuild-dbs"], runbook="r", purpose="rebuild", date="d"
    )

    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    original = statefulset()["spec"]["template"]["spec"]
    assert container["command"] == ["peer", "node", "rebuild-dbs"]
    assert {"ports", "readinessProbe"} & set(container) == set()
    assert container["securityContext"] == original["containers"][0]["securityContext"]
    assert pod["securityContext"] == original["securityContext"]
    assert pod["nodeSelector"] == {"zone": "a"}
    assert "affinity" not in pod
    assert pod["restartPolicy"] == "Never"
    pod_labels = job["spec"]["template"]["metadata"]["labels"]
    assert "heddle.dev/node" not in pod_labels
    assert pod_labels["heddle.dev/works-for"] == "peer0-one"
    assert job["metadata"] == {**job["metadata"], "name": "peer0-one-rebuild-d", "namespace": "fabric-x"}


def test_a_node_without_a_claim_is_refused() -> None:
    """There is nothing to set aside, and the message says so."""
    without = statefulset()
    without["spec"]["template"]["spec"]["volumes"] = []

    with pytest.raises(KubeError, match="mounts no claim"):
        aside_job(without, runbook="r", date="d")


def test_a_date_can_be_part_of_a_name() -> None:
    """Names have neither colons nor capitals."""
    assert date_of_name("2026-11-21T13:00:00Z") == "20261121t130000z"


@pytest.mark.parametrize("numbers", [{"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}, {}])
def test_a_job_runs_as_the_user_that_the_node_runs_as(numbers: dict[str, int]) -> None:
    """Where numbers are left to the cluster (`cluster.podUsers`), the Job names none either."""
    node = statefulset()
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **numbers}
    node["spec"]["template"]["spec"]["securityContext"] = security

    for make in (aside_job, blocks_aside_job):
        pod = make(node, runbook="rejoin-peer", date="d")["spec"]["template"]["spec"]
        assert pod["securityContext"] == security
        containers = [*pod["initContainers"], *pod["containers"]]
        assert [each for each in containers if "runAsUser" in each["securityContext"]] == []
