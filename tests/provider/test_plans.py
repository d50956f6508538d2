"""What previews say, and what checks between several inputs refuse, without any node."""

from base64 import b64encode
from typing import Any

import pytest

from heddle.configtx.settings import ChannelSettings, Consenter, OrdererOrganization
from heddle.errors import ProviderError
from heddle.fabric.node import ClientTls, Node
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from heddle.plugin import interface as api
from heddle.plugin.values import UNKNOWN, Properties, Value
from heddle.provider.channel.plan import plan_unknown
from tests.provider.harness import CheckFailedError, Engine, channel_value, urn
from tests.provider.tokens import CHANNEL, ROLLOUT


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="module")
def channel() -> dict[str, Any]:
    authority = new_authority(common_name="ca", organization="ordering")
    request = CertificateRequest(common_name="orderer1", hosts=("orderer1",), usage=Usage.TLS)
    pair = issue(authority, request)
    msp = Msp(
        msp_id="OrderingMSP",
        root_certificates=(authority.certificate,),
        tls_root_certificates=(authority.certificate,),
    )
    node = Node(
        name="orderer1",
        msp_id="OrderingMSP",
        host="orderer1",
        port=7050,
        admin_port=9443,
        tls_root_certificates=(authority.certificate,),
    )
    consenter = Consenter(
        host="orderer1",
        port=7050,
        client_tls_certificate=pair.certificate,
        server_tls_certificate=pair.certificate,
    )
    settings = ChannelSettings(
        channel="channel",
        orderer_organizations=(OrdererOrganization(name="ordering", msp=msp, endpoints=("orderer1:7050",)),),
        peer_organizations=(),
        consenters=(consenter,),
    )
    admin = Signer(msp_id="OrderingMSP", certificate=pair.certificate, private_key=pair.private_key)
    tls = ClientTls(certificate=pair.certificate, private_key=pair.private_key)
    return channel_value(settings, [node], [admin], tls)


async def _failures(engine: Engine, kind: str, news: Properties) -> dict[str, str]:
    request = api.CheckRequest(urn=urn(kind, "x"), type=kind, name="x", olds={}, news=news)
    result = await engine.provider.check(request)
    return {failure.property: failure.reason for failure in result.failures}


async def test_a_new_channel_is_told_in_full(engine: Engine, channel: dict[str, Any]) -> None:
    """The first line is the summary; no node is asked, for there is none yet."""
    outputs, message = await engine.preview(CHANNEL, "channel", channel)
    assert outputs["genesisHash"] == UNKNOWN
    assert message.splitlines() == [
        "new channel channel: 1 consenter, 1 orderer organization, 0 peer organizations",
        "consenter: orderer1",
        "orderer organization: ordering",
        "blocks: 2s or 500 messages or 2 MB",
        "capabilities: V3_0, V2_0, V2_5",
        "block 0 is made once, its hash is known after apply; nobody needs to sign",
    ]


async def test_a_new_channel_of_certificates_to_come(engine: Engine, channel: dict[str, Any]) -> None:
    """In the first preview of a network hardly anything is known, and it says what is not."""
    consenters = [{**channel["consenters"][0], "clientTlsCertificate": UNKNOWN}]
    organizations = [{**channel["ordererOrganizations"][0], "msp": UNKNOWN}]
    news = {**channel, "consenters": consenters, "ordererOrganizations": organizations, "signers": UNKNOWN}
    _, message = await engine.preview(CHANNEL, "channel", news)
    assert "known after apply, at least in part: ordererOrganizations, consenters" in message


def test_a_consenter_that_gets_a_new_certificate_is_named(channel: dict[str, Any]) -> None:
    """Its certificate is made by the same run, so nothing but its name is known yet."""
    renewed = {**channel, "consenters": [{**channel["consenters"][0], "clientTlsCertificate": UNKNOWN}]}

    message = plan_unknown(renewed, channel)

    assert message.splitlines()[1] == (
        "  consenter orderer1: new certificate (an update only for a new key, or another authority)"
    )


def test_consenters_that_get_new_certificates_share_a_line(channel: dict[str, Any]) -> None:
    """A move or a renewal gives one to each of them."""
    one = channel["consenters"][0]
    consenters = [{**one, "node": name} for name in ("orderer1", "orderer2")]
    renewed = [{**each, "clientTlsCertificate": UNKNOWN} for each in consenters]

    message = plan_unknown({**channel, "consenters": renewed}, {**channel, "consenters": consenters})

    assert message.splitlines()[1] == (
        "  consenters orderer1, orderer2: new certificates "
        "(an update only for new keys, or another authority)"
    )


@pytest.mark.parametrize(
    ("batch", "path", "words"),
    [
        (
            {"preferredMaxBytes": 1_000_000, "absoluteMaxBytes": 500_000},
            "channel",
            "preferred max bytes 1000000",
        ),
        (
            {"preferredMaxBytes": 100, "absoluteMaxBytes": 10},
            "batch.absoluteMaxBytes",
            "from 128 KB to 49 MB",
        ),
    ],
)
async def test_settings_that_no_node_would_accept(
    engine: Engine, channel: dict[str, Any], batch: dict[str, Value], path: str, words: str
) -> None:
    """Fabric's refusals, and bounds of a stack file, are said by check, before anything is created."""
    failures = await _failures(engine, CHANNEL, {**channel, "batch": batch})
    assert words in failures[path]


async def test_a_consenter_is_one_of_the_orderers(engine: Engine, channel: dict[str, Any]) -> None:
    """Otherwise nobody would know how to reach it."""
    consenters: list[Value] = [{**channel["consenters"][0], "node": "orderer9"}]
    failures = await _failures(engine, CHANNEL, {**channel, "consenters": consenters})
    assert failures == {"consenters[0].node": "'orderer9' is none of the orderers: orderer1"}


@pytest.mark.parametrize(
    ("package", "path"), [(b64encode(b"other").decode(), "packageId"), ("QUJ", "package")]
)
async def test_a_package_is_what_its_id_says(
    engine: Engine, channel: dict[str, Any], package: str, path: str
) -> None:
    """A peer computes the id from the bytes; another one would be approved in vain."""
    inputs = {
        "peer": channel["orderers"][0],
        "label": "a_1",
        "package": package,
        "packageId": f"a_1:{'0' * 64}",
        "signer": channel["signers"][0],
    }
    assert set(await _failures(engine, "heddle:chaincode:ChaincodeInstallation", inputs)) == {path}


async def test_a_rollout_names_who_restarts(engine: Engine, channel: dict[str, Any]) -> None:
    """Nodes whose template changes, and those of which it is not known yet."""
    nodes = [{**channel["orderers"][0], "name": name} for name in ("a", "b", "c")]
    news = {
        "kind": "orderer",
        "namespace": "n",
        "nodes": nodes,
        "revisions": {"a": "1", "b": "1", "c": "1"},
        "adminTls": channel["adminTls"],
    }
    _, message = await engine.preview(ROLLOUT, "rollout", news)
    assert message == "wait until 3 orderers are ready"
    engine.ids["rollout"] = "n/orderers"
    engine.inputs["rollout"] = engine.outputs["rollout"] = await engine.check(ROLLOUT, "rollout", news)
    changed = {**news, "revisions": {"a": "1", "b": "2", "c": UNKNOWN}}
    _, message = await engine.preview(ROLLOUT, "rollout", changed)
    assert message.splitlines() == [
        "restart 1 to 2 of 3 orderers, one at a time",
        "b",
        "c: known after apply",
    ]
    taken_over = {**news, "revisions": dict.fromkeys("abc", UNKNOWN)}
    _, message = await engine.preview(ROLLOUT, "rollout", taken_over)
    assert message.startswith("restart up to 3 of 3 orderers, one at a time\na: known after apply")
    grown = {
        **news,
        "nodes": [*nodes, {**nodes[0], "name": "d"}],
        "revisions": {**news["revisions"], "d": UNKNOWN},
    }
    _, message = await engine.preview(ROLLOUT, "rollout", grown)
    assert message.splitlines() == ["wait until 1 new orderer is ready", "d: new"]
    _, message = await engine.preview(ROLLOUT, "rollout", {**grown, "again": True})
    assert message == "restarts what waited for the channels, if anything"


@pytest.mark.parametrize(
    ("kind", "count", "said"),
    [
        ("peer", 1, "a is the only peer of OrderingMSP on trade: while it restarts, nothing can be endorsed"),
        ("peer", 2, ""),
        ("orderer", 1, "with 1 of them channels wait"),
        ("orderer", 2, "with 2 of them channels wait"),
        ("orderer", 3, ""),
    ],
)
async def test_a_preview_says_where_a_restart_is_noticed(
    engine: Engine, channel: dict[str, Any], kind: str, count: int, said: str
) -> None:
    """Before it is done; a node that is new does not help yet. Without a restart there is nothing to say."""
    names = "abc"[:count]
    news = {
        "kind": kind,
        "namespace": "n",
        "nodes": [{**channel["orderers"][0], "name": name} for name in names],
        "revisions": dict.fromkeys(names, "1"),
        "adminTls": channel["adminTls"],
        "memberships": {"trade": list(names)} if kind == "peer" else {},
    }
    engine.ids["rollout"] = "n/nodes"
    engine.inputs["rollout"] = engine.outputs["rollout"] = await engine.check(ROLLOUT, "rollout", news)
    grown = {
        **news,
        "nodes": [*news["nodes"], {**channel["orderers"][0], "name": "new"}],
        "memberships": {"trade": [*names, "new"]} if kind == "peer" else {},
    }

    _, restarts = await engine.preview(
        ROLLOUT, "rollout", {**grown, "revisions": {**news["revisions"], "a": "2", "new": "1"}}
    )
    _, grows = await engine.preview(
        ROLLOUT, "rollout", {**grown, "revisions": {**news["revisions"], "new": "1"}}
    )

    head, restarted, *pauses, last = restarts.splitlines()
    assert (head, restarted, last) == (f"restart 1 of {count + 1} {kind}s", "a", "new: new")
    assert [line[: len(said)] for line in pauses] == ([said] if said else [])
    assert grows.splitlines() == [f"wait until 1 new {kind} is ready", "new: new"]


async def test_one_orderer_at_a_time_gets_another_tls_key(engine: Engine, channel: dict[str, Any]) -> None:
    """Two would be out of their channels at the same time; said by check, before a key is made."""
    news = {
        "kind": "orderer",
        "namespace": "n",
        "nodes": [{**channel["orderers"][0], "name": name} for name in "ab"],
        "revisions": {"a": "1", "b": "1"},
        "adminTls": channel["adminTls"],
    }
    assert await _failures(engine, ROLLOUT, {**news, "tlsKeys": {"a": 1, "b": 1}}) == {}  # its first creation
    engine.inputs["rollout"] = await engine.check(ROLLOUT, "rollout", news)
    to_come = {**news, "certificates": {"a": UNKNOWN, "b": UNKNOWN}}
    await engine.check(ROLLOUT, "rollout", {**to_come, "tlsKeys": {"b": 1}})
    with pytest.raises(CheckFailedError, match="a and b would get new keys at once"):
        await engine.check(ROLLOUT, "rollout", {**to_come, "tlsKeys": {"a": 1, "b": 1}})
    # A run that made the key of `a` was killed before `a` had it.
    made = {"a": channel["adminTls"]["certificate"], "b": UNKNOWN}
    await engine.check(ROLLOUT, "rollout", {**news, "certificates": made, "tlsKeys": {"a": 1}})
    with pytest.raises(CheckFailedError, match="a has a new key that is not in use yet; put the number of b"):
        await engine.check(ROLLOUT, "rollout", {**news, "certificates": made, "tlsKeys": {"a": 1, "b": 1}})


async def test_keys_that_are_made_are_taken_in(engine: Engine, channel: dict[str, Any]) -> None:
    """Without a preview two were made: there is no way back, so nothing is refused that brings them on."""
    news = {
        "kind": "orderer",
        "namespace": "n",
        "nodes": [{**channel["orderers"][0], "name": name} for name in "ab"],
        "revisions": {"a": "1", "b": "1"},
        "adminTls": channel["adminTls"],
        "certificates": dict.fromkeys("ab", channel["adminTls"]["certificate"]),
    }
    engine.inputs["rollout"] = await engine.check(ROLLOUT, "rollout", news)
    await engine.check(ROLLOUT, "rollout", {**news, "tlsKeys": {"a": 1, "b": 1}})


async def test_a_rollout_needs_what_it_asks_with(engine: Engine, channel: dict[str, Any]) -> None:
    """Every node has a revision, all that is named is a node, and orderers ask for a certificate."""
    news = {
        "kind": "orderer",
        "namespace": "n",
        "nodes": channel["orderers"],
        "revisions": {"other": "1"},
    }
    failures = await _failures(engine, ROLLOUT, news)
    assert set(failures) == {"adminTls", "revisions.orderer1", "revisions.other"}
    peers = {**news, "kind": "peer", "revisions": {"orderer1": "1"}, "memberships": {"trade": ["other"]}}
    assert set(await _failures(engine, ROLLOUT, peers)) == {"memberships.trade"}


@pytest.mark.parametrize("kind", ["Definition", "Approval"])
async def test_a_new_channel_takes_a_first_sequence_alone(
    engine: Engine, channel: dict[str, Any], kind: str
) -> None:
    """Said before anything is done: nothing is in force on a channel that the same run makes."""
    token, inputs = _on_a_new_channel(channel, kind)
    await engine.preview(token, "basic", {**inputs, "sequence": 1})
    with pytest.raises(
        ProviderError, match=r"basic on channel, a new channel: sequence 2 is wanted, but none"
    ):
        await engine.preview(token, "basic", {**inputs, "sequence": 2})
    joined = {**inputs, "genesisHash": "0" * 64, "sequence": 2}
    await engine.preview(token, "basic", joined)


@pytest.mark.parametrize("kind", ["Definition", "Approval"])
async def test_a_new_channel_has_the_policies_of_its_genesis_alone(
    engine: Engine, channel: dict[str, Any], kind: str
) -> None:
    """Said before the channel is made: of the chaincode, and of its collections."""
    token, inputs = _on_a_new_channel(channel, kind)

    async def preview(path: str) -> None:
        collection = {"name": "c", "policy": "OR('A.member')", "endorsementPolicy": path}
        await engine.preview(token, "basic", {**inputs, "sequence": 1, "endorsementPolicy": path})
        await engine.preview(token, "basic", {**inputs, "sequence": 1, "collections": [collection]})

    for known in ("Application/Endorsement", "Application/Org1MSP/Endorsement", "Orderer/Org1/Admins"):
        await preview(f"/Channel/{known}")
    for unknown in ("Application/Auditors", "Application/Org1MSP/Endorsment", "Orderer/Endorsement"):
        with pytest.raises(ProviderError, match=f"no such policy: '{unknown}'") as refusal:
            await preview(f"/Channel/{unknown}")
        assert "/Channel/Application/LifecycleEndorsement, " in str(refusal.value)


def _on_a_new_channel(channel: dict[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    """The token and the inputs of a definition or approval on a channel that the same run makes."""
    inputs = {
        "channel": "channel",
        "name": "basic",
        "version": "1.0",
        "packageId": UNKNOWN,
        "genesisHash": UNKNOWN,
        "peer": UNKNOWN,
        "peers": UNKNOWN,
        "orderers": channel["orderers"],
        "signer": channel["signers"][0],
    }
    given = {"Definition": ("peers",), "Approval": ("peer", "packageId")}
    others = {name for names in given.values() for name in names} - set(given[kind])
    inputs = {name: value for name, value in inputs.items() if name not in others}
    return f"heddle:chaincode:Chaincode{kind}", inputs


async def test_an_approval_by_a_peer_to_come(engine: Engine, channel: dict[str, Any]) -> None:
    """The peer may be known only after apply, as a whole: the preview says what it can."""
    inputs = {
        "channel": "channel",
        "name": "basic",
        "version": "2.0",
        "sequence": 2,
        "packageId": f"basic:{'0' * 64}",
        "genesisHash": "0" * 64,
        "peer": UNKNOWN,
        "orderers": channel["orderers"],
        "signer": channel["signers"][0],
    }
    engine.ids["basic"] = "channel/basic/OrderingMSP"
    engine.inputs["basic"] = {**inputs, "version": "1.0", "sequence": 1, "peer": channel["orderers"][0]}
    engine.outputs["basic"] = engine.inputs["basic"]
    _, message = await engine.preview("heddle:chaincode:ChaincodeApproval", "basic", inputs)
    assert message.startswith("OrderingMSP approves basic 2.0, sequence 2")


async def test_no_secret_in_a_preview(engine: Engine, channel: dict[str, Any]) -> None:
    """Nothing that a preview says holds a key."""
    await engine.preview(CHANNEL, "channel", channel)
    key = channel["signers"][0]["privateKey"].splitlines()[1]
    assert engine.log.said
    assert all(key not in message for _, message, _ in engine.log.said)


async def test_the_rollouts_of_single_organizations_are_forgotten(
    engine: Engine, channel: dict[str, Any]
) -> None:
    """States of before have one for each; the one for all takes their place, and no pod is asked or touched.

    There is no cluster here that could be.
    """
    peers = [{**channel["orderers"][0], "name": name} for name in "ab"]
    former: dict[str, Any] = {"kind": "peer", "namespace": "n", "nodes": peers[:1], "neighbours": peers[1:]}
    engine.ids["north"] = "n/peers"
    engine.inputs["north"] = engine.outputs["north"] = {**former, "revisions": {"a": "1"}}

    await engine.destroy(ROLLOUT, "north")

    assert engine.log.of("info")[-1] == "Rollout n/peers: forgets the rollout: pods stay as they are"
    assert engine.log.of("warning") == []
