"""Is it a broken ledger? One scene for each answer."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from fabric_protos.common import common_pb2

from heddle.configtx.blocks import block_hash
from heddle.errors import RunbookError, Unreachable
from heddle.fabric import cscc, installation, orderer, qscc
from heddle.runbooks.context import Context, Package
from heddle.runbooks.diagnosis import ANNOTATION, diagnose
from heddle.runbooks.verdicts import Diagnosis, Remedy, Verdict, plan_lines
from tests.network.samples import sample_network

PANIC = "panic: leveldb: corrupted\ngithub.com/hyperledger/fabric/core/ledger/kvledger.(*Provider)."
BLOCK = common_pb2.Block(header=common_pb2.BlockHeader(number=4))


class Cluster:
    """A cluster with one peer."""

    def __init__(self) -> None:
        self.replicas: int | None = 1
        self.annotations: dict[str, str] = {}
        self.ready = True
        self.container: dict[str, Any] = {}
        self.text = ""
        self.beginning = ""
        self.database = False

    async def statefulset(self, _: str, name: str) -> Any:
        if name.startswith("couchdb") and not self.database:
            return None
        metadata = {"name": name, "annotations": self.annotations}
        return None if self.replicas is None else {"metadata": metadata, "spec": {"replicas": self.replicas}}

    async def pod(self, *_: str) -> Any:
        conditions = [{"type": "Ready", "status": str(self.ready)}]
        return {"metadata": {}, "status": {"conditions": conditions, "containerStatuses": [self.container]}}

    async def log(self, *_: str, previous: bool = False) -> str:
        return self.text

    async def first_log(self, *_: str) -> str:
        return self.beginning

    async def warnings(self, *_: str) -> tuple[str, ...]:
        return ("FailedScheduling: no room",)


class Silent:
    """A peer that listens, and answers after some calls."""

    dialer = None

    def __init__(self, calls: int = 0) -> None:
        self.calls = calls

    async def ping(self, *_: object, **__: object) -> None:
        if self.calls:
            self.calls -= 1
            raise Unreachable("peer0-one: connect: no answer")


class Scene:
    """The first organization's peer, as cluster and nodes tell of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster = Cluster()
        self.channels: tuple[str, ...] = ("channel",)
        self.packages: tuple[str, ...] = ("assets_1.0:00",)
        self.height, self.current = 5, block_hash(BLOCK.header)
        self.connections = Silent()
        network = sample_network()
        package = Package(peer="peer0-one", label="assets_1.0", package_id="assets_1.0:00", content="")
        self.context = Context(
            stack="dev", kubeconfig="", deployed=network, packages=(package,), approvals=(), namespaces={}
        )

        async def channels(*_: object, **__: object) -> Any:
            return self.channels

        async def installed(*_: object, **__: object) -> Any:
            return [SimpleNamespace(package_id=one) for one in self.packages]

        async def chain_info(*_: object, **__: object) -> Any:
            return SimpleNamespace(height=self.height, current_hash=self.current)

        async def deliver_block(*arguments: Any, **_: object) -> Any:
            number = 4 if arguments[3] == "newest" else arguments[3]
            return common_pb2.Block(header=common_pb2.BlockHeader(number=number))

        async def no_certificate(*_: object, **__: object) -> Any:
            raise Unreachable("peer0-one: connect: no answer")

        monkeypatch.setattr("heddle.network.certificates.presented_certificate", no_certificate)
        monkeypatch.setattr(cscc, "channels", channels)
        monkeypatch.setattr(installation, "installed", installed)
        monkeypatch.setattr(qscc, "chain_info", chain_info)
        monkeypatch.setattr(orderer, "deliver_block", deliver_block)

    def crashed(self, log: str) -> None:
        """The container ended, and is about to be started again."""
        self.cluster.ready = False
        ended = {"terminated": {"exitCode": 2}}
        self.cluster.container = {"state": {"waiting": {}}, "lastState": ended, "restartCount": 3}
        self.cluster.text = log

    async def look(self, patience: float = 0) -> Diagnosis:
        """The verdict."""
        peer, cluster, connections = self.context.network.instance.peers[0], self.cluster, self.connections
        return await diagnose(self.context, cluster, connections, peer, patience=patience)  # type: ignore[arg-type]  # doubles

    def as_standin(self) -> None:
        """The network is one of stand-ins."""
        network = self.context.network
        instance = replace(network.instance, standin=True)
        self.context = replace(self.context, deployed=replace(network, instance=instance))


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A peer that is well."""
    return Scene(monkeypatch)


async def test_a_peer_that_is_well_needs_nothing(scene: Scene) -> None:
    """On its channels, with its packages, level."""
    found = await scene.look()

    assert (found.verdict, found.remedies) == (Verdict.SOUND, ())
    assert plan_lines(found)[-1] == "nothing is to be done"


@pytest.mark.parametrize(
    ("function", "remedies"),
    [
        ("initStateDBProvider", (Remedy.REBUILD, Remedy.REFETCH, Remedy.SET_ASIDE)),
        ("initLedgerIDInventory", (Remedy.REFETCH, Remedy.SET_ASIDE)),
        ("initPvtDataStoreProvider", (Remedy.SET_ASIDE,)),
    ],
)
async def test_the_mildest_remedy_comes_first(
    scene: Scene, function: str, remedies: tuple[Remedy, ...]
) -> None:
    """What blocks can make again is rebuilt; private data is kept unless it is what is broken."""
    scene.crashed(PANIC + function)

    found = await scene.look()

    assert (found.verdict, found.remedies) == (Verdict.BROKEN, remedies)
    assert found.limited_to("set-aside").remedies == (Remedy.SET_ASIDE,)


async def test_a_stand_in_has_no_databases(scene: Scene) -> None:
    """There is nothing to rebuild, and no command for it."""
    scene.as_standin()
    scene.crashed(PANIC + "initStateDBProvider")

    assert Remedy.REBUILD not in (await scene.look()).remedies


async def test_a_remedy_that_does_not_apply_is_refused(scene: Scene) -> None:
    """With those that do."""
    scene.crashed(PANIC + "initPvtDataStoreProvider")
    found = await scene.look()

    with pytest.raises(RunbookError, match="refetch does not mend that"):
        found.limited_to("refetch")


UNOPENED = (
    "ERRO [peer] Initialize -> Failed to load ledger channel(proto: cannot parse invalid wire-format data"
)


async def test_a_ledger_that_is_not_open_is_a_diagnosis_of_its_own(scene: Scene) -> None:
    """It runs without the channel: it is not to be joined, its blocks are to be fetched again."""
    scene.channels, scene.cluster.beginning = (), UNOPENED

    found = await scene.look()

    assert (found.verdict, found.missing_channels) == (Verdict.UNOPENED, ())
    assert found.remedies == (Remedy.REFETCH, Remedy.SET_ASIDE)
    assert found.evidence == ("channel: proto: cannot parse invalid wire-format data",)
    assert "could not open its ledger of channel" in plan_lines(found)[0]


async def test_a_database_that_blocks_can_make_again_is_rebuilt_first(scene: Scene) -> None:
    """Also where the peer only says so and goes on."""
    words = (
        "Failed to load ledger channel(the state database [height=7] is ahead of the block store [height=5])"
    )
    scene.channels, scene.cluster.beginning = (), words

    assert (await scene.look()).remedies == (Remedy.REBUILD, Remedy.REFETCH, Remedy.SET_ASIDE)


async def test_a_missing_channel_may_still_have_a_ledger(scene: Scene) -> None:
    """The beginning of a long log is gone: then the join tells, and the next remedy is known beforehand."""
    scene.channels = ()

    found = await scene.look()

    assert (found.verdict, found.if_unopened) == (Verdict.INCOMPLETE, (Remedy.REFETCH,))
    assert any(line.startswith("if it has a ledger of them that is not open: ") for line in plan_lines(found))
    assert found.limited_to("rebuild").if_unopened == ()


@pytest.mark.parametrize("choice", list(Remedy))
async def test_a_remedy_that_was_asked_for_is_taken(scene: Scene, choice: Remedy) -> None:
    """A block in the middle may be broken though the peer runs and is level."""
    found = (await scene.look()).limited_to(choice.value)

    assert (found.verdict, found.remedies) == (Verdict.SOUND, (choice,))
    assert plan_lines(found)[1].startswith("as was asked for: stop it")


async def test_what_stand_ins_do_not_have_is_not_taken(scene: Scene) -> None:
    """There is no database to be made again."""
    scene.as_standin()

    with pytest.raises(RunbookError, match="rebuild does not mend that"):
        (await scene.look()).limited_to("rebuild")


async def test_a_peer_that_still_opens_its_ledgers_is_waited_for(scene: Scene) -> None:
    """Its port takes connections before."""
    scene.connections = Silent(calls=1)

    assert (await scene.look(patience=5)).verdict is Verdict.SOUND


async def test_a_peer_that_does_not_answer_is_left_alone(scene: Scene) -> None:
    """It may be rebuilding: a remedy would undo what it has done."""
    scene.connections = Silent(calls=99)

    found = await scene.look()

    assert (found.verdict, found.evidence) == (Verdict.OTHER, ("peer0-one: connect: no answer",))


async def test_another_end_is_another_incident(scene: Scene) -> None:
    """An expired certificate is no reason to touch a ledger."""
    scene.crashed("Error: signing identity expired")

    assert (await scene.look()).verdict is Verdict.OTHER


async def test_a_pod_that_never_started_is_another_incident(scene: Scene) -> None:
    """With what the cluster warns of."""
    scene.cluster.ready = False
    scene.cluster.container = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}

    found = await scene.look()

    assert found.verdict is Verdict.OTHER
    assert "ImagePullBackOff" in found.why
    assert found.evidence == ("FailedScheduling: no room",)


async def test_a_peer_that_somebody_stopped_is_left_alone(scene: Scene) -> None:
    """Scaled to 0 without our note."""
    scene.cluster.replicas = 0

    assert (await scene.look()).verdict is Verdict.OTHER


async def test_a_run_that_did_not_end_is_gone_on_with(scene: Scene) -> None:
    """From its remedy on, under its date: its Jobs are found again."""
    scene.cluster.replicas = 0
    scene.cluster.annotations = {ANNOTATION: json.dumps({"date": "D", "remedy": "refetch"})}

    found = await scene.look()

    assert (found.verdict, found.date) == (Verdict.STOPPED, "D")
    assert found.remedies == (Remedy.REFETCH, Remedy.SET_ASIDE)


async def test_what_a_killed_run_left_undone_is_seen(scene: Scene) -> None:
    """A peer that runs with an empty ledger lacks channels and packages."""
    scene.channels, scene.packages = (), ()

    found = await scene.look()

    assert found.verdict is Verdict.INCOMPLETE
    assert (found.missing_channels, found.missing_packages) == (("channel",), ("assets_1.0",))


async def test_a_peer_that_is_behind_is_waited_for(scene: Scene) -> None:
    """Its blocks are the channel's, it only lacks some."""
    older = common_pb2.BlockHeader(number=1)
    scene.height, scene.current = 2, block_hash(older)

    found = await scene.look()

    assert (found.verdict, found.behind) == (Verdict.INCOMPLETE, {"channel": "2 of 5 blocks"})


async def test_other_blocks_than_the_channels_are_a_broken_ledger(scene: Scene) -> None:
    """A fork: also its private data may be of another history, so nothing of it is kept."""
    scene.current = b"other"

    found = await scene.look()

    assert (found.verdict, found.remedies) == (Verdict.BROKEN, (Remedy.SET_ASIDE,))


async def test_a_peer_with_couchdb_has_two_stateful_sets(scene: Scene) -> None:
    """The state in it belongs to the ledger that is set aside."""
    scene.cluster.database = True

    assert (await scene.look()).nodes == ("peer0-one", "couchdb0-one")


async def test_a_missing_stateful_set_is_said(scene: Scene) -> None:
    """There is nothing to mend."""
    scene.cluster.replicas = None

    with pytest.raises(RunbookError, match="no StatefulSet of this name"):
        await scene.look()
