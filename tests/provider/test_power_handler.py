"""What Power says before it acts, and of what others did: asked of a simulated cluster."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heddle.errors import KubeError, ProviderError
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.plugin.values import UNKNOWN
from heddle.provider.handler import Call, Gone
from heddle.provider.power import handler as module
from heddle.provider.power.handler import PowerHandler
from heddle.provider.session import Session
from tests.provider.harness import Messages
from tests.provider.test_power import NAMES, ORDERERS, PEERS, Cluster, cluster

SINCE = "2026-11-29T08:00:00Z"
DAY = timedelta(days=1)


class Place:
    """What the handler opens instead of an API server: `there`, with these clocks."""

    def __init__(self, there: Cluster) -> None:
        self.there = there
        self.clocks = {"this machine": 0.0}

    def __call__(self, *_: object) -> "Place":
        return self

    async def __aenter__(self) -> Cluster:
        return self.there

    async def __aexit__(self, *_: object) -> None:
        return None

    async def differences(self, _: object) -> dict[str, float]:
        return self.clocks


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(cluster())
    monkeypatch.setattr(module, "Workloads", made)
    monkeypatch.setattr(module, "clock_differences", made.differences)

    async def no_server(_: object) -> None:
        return None

    monkeypatch.setattr(Session, "api_server", no_server)
    return made


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def power(messages: Messages) -> PowerHandler:
    return PowerHandler(Session(messages))


def node(name: str, roots: Any = ()) -> dict[str, Any]:
    return {"name": name, "mspId": "M", "host": name, "port": 1, "tlsRootCertificates": roots}


def call(wanted: str, former: str = "", **given: Any) -> Call:
    inputs = {
        "namespace": "fabric",
        "power": wanted,
        "orderers": [node(name) for name in ORDERERS],
        "peers": [node(name) for name in PEERS],
        "databases": {"peer0": "couch0"},
        "servers": {"assets": 2},
        "channels": {"trade": list(PEERS)},
        "certificates": {},
        "adminTls": {"certificate": "", "privateKey": ""},
        "signers": [],
        **given,
    }
    old = {**inputs, "power": former} if former else {}
    outputs = {"since": SINCE if former == "off" else "", "ledgers": {}} if former else {}
    identifier = "fabric/power" if former else ""
    return Call(urn="urn", id=identifier, inputs=inputs, old_inputs=old, old_outputs=outputs)


def _scaled(there: Cluster, *names: str, replicas: int = 0) -> None:
    for name in names:
        there.found_[name] = replace(there.found_[name], replicas=replicas, pods=replicas, ready=replicas)


def _certificate(ends: timedelta) -> str:
    begins = datetime.now(UTC) + ends - 30 * DAY
    authority = new_authority(common_name="CA", organization="one", now=begins)
    request = CertificateRequest(
        common_name="node", organization="one", usage=Usage.TLS, hosts=("node",), validity_days=30
    )
    return issue(authority, request, now=begins).certificate.decode()


async def test_the_preview_tells_the_order(power: PowerHandler, place: Place) -> None:
    """Of both ways; what is down already is not told of again."""
    words = (await power.plan(call("off", "on"))).message.splitlines()
    assert words == [
        "the instance goes to sleep: volumes, Secrets and addresses stay",
        "1 chaincode server stops: assets",
        "2 peers stop: peer0, peer1",
        "1 state database stops: couch0",
        "3 orderers stop, leaders last: orderer0, orderer1, orderer2",
    ]
    _scaled(place.there, "assets", "peer0")
    assert "1 peer stops: peer1" in (await power.plan(call("off", "on"))).message

    _scaled(place.there, *NAMES)
    words = (await power.plan(call("on", "off"))).message.splitlines()
    assert words[1:] == [
        "3 orderers start: orderer0, orderer1, orderer2",
        "1 state database starts: couch0",
        "2 peers start: peer0, peer1",
        "1 chaincode server starts: assets",
        f"asleep since {SINCE}",
    ]
    assert power.session.nodes_sleep


async def test_what_sleeps_keeps_what_was_noted(power: PowerHandler, place: Place) -> None:
    """A preview of another change knows since when it sleeps, and what its ledgers had."""
    _scaled(place.there, *NAMES)
    ledgers = {"orderer0": {"trade": "8 abc"}}
    asleep = call("off", "off")

    plan = await power.plan(replace(asleep, old_outputs={"since": SINCE, "ledgers": ledgers}))

    assert plan.outputs == {"since": SINCE, "ledgers": ledgers}
    assert plan.message == ""


async def test_the_first_preview_knows_no_roots_yet(power: PowerHandler, place: Place) -> None:
    """The authorities that verify the nodes are made by the same `up`; there is nothing to stop or start."""
    place.there.found_.clear()
    nodes = {"orderers": ORDERERS, "peers": PEERS}
    unknown: dict[str, Any] = {kind: [node(name, UNKNOWN) for name in names] for kind, names in nodes.items()}

    plan = await power.plan(call("on", **unknown))

    assert plan.message == ""


async def test_certificates_that_ended_meanwhile_are_told_before_anything_starts(
    power: PowerHandler, place: Place
) -> None:
    """Each with its end, and how it is renewed; in the preview, too."""
    _scaled(place.there, *NAMES)
    ended = {"orderer0": _certificate(-2 * DAY), "peer0": _certificate(5 * DAY)}
    for act in (power.plan, power.update):
        with pytest.raises(ProviderError, match="1 certificate of nodes ended") as error:
            await act(call("on", "off", certificates=ended))
        assert "orderer0: ended on" in str(error.value)
        assert "peer0" not in str(error.value)
        assert "certificates.renewal" in error.value.hint
    assert place.there.scaled == []


async def test_clocks_that_nodes_would_refuse_are_told(
    power: PowerHandler, place: Place, messages: Messages
) -> None:
    """Fabric lets them differ by 15 minutes; less is a warning."""
    _scaled(place.there, *NAMES)
    place.clocks = {"this machine": 2.0, "machine one": -1200.0}
    with pytest.raises(ProviderError, match="machine one: 1200 s behind"):
        await power.plan(call("on", "off"))

    place.clocks = {"this machine": 2.0, "machine one": 120.0}
    await power.plan(call("on", "off"))
    assert messages.of("warning") == ["clocks differ from the API server's\nmachine one: 120 s ahead"]


async def test_what_there_is_not_cannot_sleep(power: PowerHandler, place: Place) -> None:
    """Neither in a preview nor in an `up`; with `power: on` there is nothing to do yet."""
    place.there.found_.clear()
    for act in (power.plan, power.update):
        with pytest.raises(ProviderError, match="no instance yet"):
            await act(call("off"))
    assert (await power.update(call("on"))) == {"since": "", "ledgers": {}}


async def test_what_others_scaled_is_a_difference(power: PowerHandler, place: Place) -> None:
    """A node that somebody stopped, and one that somebody woke."""
    assert await power.diff(call("on", "on")) == {}
    _scaled(place.there, "peer0")
    assert list(await power.diff(call("on", "on"))) == ["power"]
    assert power.session.nodes_sleep

    assert list(await power.diff(call("off", "off"))) == ["power"]
    _scaled(place.there, *NAMES)
    assert await power.diff(call("off", "off")) == {}


async def test_a_refresh_reads_what_is_whole(power: PowerHandler, place: Place) -> None:
    """An instance that is half asleep is what it was; without any workload it is gone."""
    assert (await power.read(call("on", "on"))).inputs == {"power": "on"}
    _scaled(place.there, "peer0")
    assert (await power.read(call("on", "on"))).inputs == {"power": "on"}
    _scaled(place.there, *NAMES)
    assert (await power.read(call("on", "on"))).inputs == {"power": "off"}
    place.there.found_.clear()
    with pytest.raises(Gone):
        await power.read(call("on", "on"))


async def test_a_cluster_that_does_not_answer_is_a_warning(
    power: PowerHandler, place: Place, messages: Messages
) -> None:
    """As for every resource whose reality cannot be looked at."""

    async def silent() -> Any:
        raise KubeError("API server: no answer")

    place.there.found = silent  # type: ignore[method-assign]  # a double's
    assert await power.diff(call("on", "on")) == {}
    assert messages.of("warning") == ["workloads not looked at\nAPI server: no answer"]
