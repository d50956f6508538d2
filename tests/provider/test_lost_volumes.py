"""A silent node has lost what it held where its claim, or its whole namespace, is no more."""

from typing import Any

import httpx
import pytest

from heddle.errors import Unreachable
from heddle.fabric.node import Node
from heddle.planner.facts import NoAnswer
from heddle.plugin.interface import Severity
from heddle.provider.handler import Gone
from heddle.provider.lost_volumes import gone_with_volume, without_lost_ledgers
from heddle.provider.session import Session
from tests.provider.harness import answer_api_server

SPACE = "/api/v1/namespaces/fabric"
POD, CLAIM = f"{SPACE}/pods/peer0-0", f"{SPACE}/persistentvolumeclaims/peer0"
STATEFULSET = "/apis/apps/v1/namespaces/fabric/statefulsets/peer0"
SPEC = {"volumes": [{"name": "ledger", "persistentVolumeClaim": {"claimName": "peer0"}}]}
THERE: dict[str, Any] = {
    SPACE: {},
    CLAIM: {},
    STATEFULSET: {"spec": {"template": {"spec": SPEC}}},
    POD: {"spec": SPEC},
}
SILENT = Unreachable("peer0: no answer")
FORBIDDEN = "forbidden"


def peer(name: str) -> Node:
    """Return a peer in the cluster."""
    return Node(
        name=name, msp_id="AMSP", host=f"{name}.fabric.svc", port=7051, namespace="fabric", pod=f"{name}-0"
    )


def session(monkeypatch: pytest.MonkeyPatch, objects: dict[str, Any]) -> Session:
    """Return the session of a provider, with a cluster that has these objects, by path."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = objects.get(request.url.path)
        if found == FORBIDDEN:
            return httpx.Response(403, json={"message": "not for you"})
        return httpx.Response(200 if found is not None else 404, json=found if found is not None else {})

    async def log(severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        pytest.fail(f"{severity} {message} {urn} {ephemeral}: nothing is told")

    answer_api_server(monkeypatch, answer)
    found = Session(log)
    found.configure("kubeconfig", "")
    return found


VOLUME = {"spec": {"volumeName": "pv"}}

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "claim": ({CLAIM: None}, "no claim peer0"),
    "claim and pod": ({CLAIM: None, POD: None}, "no claim peer0"),
    "claim and StatefulSet": ({CLAIM: None, POD: None, STATEFULSET: None}, "no claim peer0"),
    "volume of the claim": (
        {CLAIM: {**VOLUME, "status": {"phase": "Lost"}}},
        "claim peer0 has lost its volume",
    ),
    "claim just made": ({CLAIM: {"status": {"phase": "Pending"}}}, "claim peer0 has never had a volume"),
    "namespace": (dict.fromkeys(THERE), "namespace fabric is gone"),
    "namespace that nobody here may look at": (dict.fromkeys(THERE) | {SPACE: FORBIDDEN}, "no claim peer0"),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_is_lost_is_gone_with_its_reason(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One refresh is enough: what nobody can ask any more is not kept as if it were only silent."""
    lost, reason = CASES[case]
    cluster = session(monkeypatch, THERE | lost)

    with pytest.raises(Gone) as gone:
        async with gone_with_volume(cluster, [peer("peer0")], "the ledger of trade"):
            raise SILENT

    words = f"peer0 has lost its volume ({reason}), and the ledger of trade with it; "
    assert str(gone.value) == words + "the next update makes both anew"
    answers = {"peer0": NoAnswer(reason="silent")}
    assert await without_lost_ledgers(cluster, {"peer0": peer("peer0")}, answers) == {"peer0": None}


KEPT: dict[str, dict[str, Any]] = {
    "everything there": {},
    "no pod": {POD: None},
    "no workload, the claim retained": {POD: None, STATEFULSET: None},
    "volume bound": {CLAIM: {**VOLUME, "status": {"phase": "Bound"}}},
    "volume that is just being bound": {CLAIM: {**VOLUME, "status": {"phase": "Pending"}}},
    "claims that nobody here may look at": {CLAIM: FORBIDDEN},
}


@pytest.mark.parametrize("case", KEPT)
async def test_a_silent_node_with_its_volume_is_kept(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come back with all that it had."""
    cluster = session(monkeypatch, THERE | KEPT[case])

    with pytest.raises(Unreachable):
        async with gone_with_volume(cluster, [peer("peer0")], "the ledger of trade"):
            raise SILENT


async def test_what_one_of_several_nodes_still_has_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A definition is on the ledgers of all its peers."""
    cluster = session(monkeypatch, THERE)

    with pytest.raises(Unreachable):
        async with gone_with_volume(cluster, [peer("peer0"), peer("peer1")], "the definition of assets"):
            raise SILENT
    cluster = session(monkeypatch, dict.fromkeys(THERE))
    with pytest.raises(Gone, match="peer0, peer1 have lost their volumes"):
        async with gone_with_volume(cluster, [peer("peer0"), peer("peer1")], "the definition of assets"):
            raise SILENT
