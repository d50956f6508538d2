"""core.yaml and orderer.yaml against upstream's own."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from heddle import render
from heddle.spec.load import parse_instance
from heddle.topology import NodePlan, plan

CASES = Path(__file__).parent.parent / "cases" / "render"

# What upstream's samples set and these files leave out, and why.
OMITTED = {
    "BCCSP.PKCS11.": "keys are files, there is no HSM",
    "vm.docker.": "no Docker: chaincode runs as a service",
    "chaincode.builder": "no Docker",
    "chaincode.golang.": "no Docker",
    "chaincode.java.": "no Docker",
    "chaincode.node.": "no Docker",
    "ledger.state.couchDBConfig.": "LevelDB; see below for peers with CouchDB",
}
# What these files set and upstream's samples only mention in comments, or not at all.
ADDED = {
    "core": {"peer.chaincodeListenAddress"},
    "orderer": {"General.BootstrapMethod", "General.Cluster.RootCAs"},
}


class UniqueKeys(yaml.SafeLoader):
    """A loader that refuses a key that is there twice, as Fabric's does."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    assert len(keys) == len(set(keys)), f"twice: {sorted(key for key in keys if keys.count(key) > 1)}"
    return loader.construct_mapping(node, deep=True)


UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(text: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(text, UniqueKeys)  # noqa: S506 — a SafeLoader
    return content


def keys_of(value: Any, prefix: str = "") -> set[str]:
    if isinstance(value, dict):
        return {
            key
            for name, each in value.items()
            for key in keys_of(each, f"{prefix}.{name}" if prefix else name)
        }
    return {prefix}


def omitted(key: str) -> bool:
    return any(part in f"{key}." for part in OMITTED)


@pytest.fixture
def nodes() -> dict[str, NodePlan]:
    instance = parse_instance(
        {"name": "dev", "organizations": [{"name": "org1", "mspId": "yes"}]}, source="test"
    )
    return {node.name: node for node in plan(instance).nodes}


def rendered(nodes: dict[str, NodePlan], kind: str) -> dict[str, Any]:
    if kind == "orderer":
        return load(render.orderer_yaml(nodes["orderer0-orderer"]))
    peer = nodes["peer0-org1"]
    return load(render.core_yaml(peer, bootstrap=(peer.address,)))


@pytest.mark.parametrize("kind", ["core", "orderer"])
def test_every_setting_of_upstreams_sample_is_there_or_left_out_for_a_reason(
    nodes: dict[str, NodePlan], kind: str
) -> None:
    """A setting that upstream adds or renames is noticed, and none is invented."""
    upstream = set((CASES / f"{kind}.keys").read_text().splitlines()[1:])

    ours = keys_of(rendered(nodes, kind))

    assert {key for key in upstream if not omitted(key)} - ours == set()
    assert ours - upstream == ADDED[kind]


@pytest.mark.parametrize(
    ("image", "has"),
    [
        ("docker.io/hyperledger/fabric-orderer:2.5.16", False),
        ("docker.io/hyperledger/fabric-orderer:3.0", True),
        ("example.com/acme/orderer:1", True),
    ],
)
def test_an_orderer_of_an_earlier_release_has_no_key_that_it_does_not_know(image: str, has: bool) -> None:
    """It would not start: 'General' has invalid keys (seen on 2.5.16)."""
    instance = parse_instance(
        {
            "name": "dev",
            "images": {"orderer": image},
            "capabilities": {"channel": "V2_0"},
            "organizations": [{"name": "org1"}],
        },
        source="test",
    )
    general = load(render.orderer_yaml(plan(instance).ordering.nodes[0]))["General"]
    assert {"Backoff", "Throttling"} & general.keys() == ({"Backoff", "Throttling"} if has else set())


@pytest.mark.parametrize(("release", "has"), [("2.5.16", False), ("3.0", True)])
def test_a_peer_of_an_earlier_release_has_no_handler_that_it_does_not_know(release: str, has: bool) -> None:
    """It would not start: Method TimeWindowCheck isn't a method of HandlerLibrary (seen on 2.5.16)."""
    instance = parse_instance(
        {
            "name": "dev",
            "images": {"peer": f"docker.io/hyperledger/fabric-peer:{release}"},
            "capabilities": {"channel": "V2_0"},
            "organizations": [{"name": "org1"}],
        },
        source="test",
    )
    peer = next(node for node in plan(instance).nodes if node.kind == "peer")
    core = load(render.core_yaml(peer, bootstrap=(peer.address,)))
    filters = [each["name"] for each in core["peer"]["handlers"]["authFilters"]]
    assert ("TimeWindowCheck" in filters) is has
    assert filters[:2] == ["DefaultAuth", "ExpirationCheck"]


def test_a_peer_with_couchdb_has_every_setting_of_upstreams_sample() -> None:
    """The values are the sample's but for address, user and password; the password is not in the file."""
    instance = parse_instance(
        {"name": "dev", "stateDatabase": "CouchDB", "organizations": [{"name": "org1"}]}, source="test"
    )
    peer = next(node for node in plan(instance).nodes if node.kind == "peer")
    upstream = set((CASES / "core.keys").read_text().splitlines()[1:])
    prefix = "ledger.state.couchDBConfig."

    core = load(render.core_yaml(peer, bootstrap=(peer.address,)))

    assert {key for key in keys_of(core) if key.startswith(prefix)} == {
        key for key in upstream if key.startswith(prefix)
    }
    state = core["ledger"]["state"]
    assert state["stateDatabase"] == "CouchDB"
    # By its longest name: a shorter one would be looked up in every search domain first.
    assert state["couchDBConfig"]["couchDBAddress"] == "couchdb0-org1.fabric-dev.svc.cluster.local:5984"
    assert state["couchDBConfig"]["password"] is None


def test_every_reason_for_leaving_out_is_still_needed(nodes: dict[str, NodePlan]) -> None:
    """A reason that excuses no key would hide the next one that matches it."""
    upstream = {
        key for kind in ("core", "orderer") for key in (CASES / f"{kind}.keys").read_text().splitlines()[1:]
    }

    assert [part for part in OMITTED if not any(part in f"{key}." for key in upstream)] == []


def test_a_peer_takes_blocks_from_orderers_itself(nodes: dict[str, NodePlan]) -> None:
    """Both leader flags true stop a peer, both false stall its ledger (Fabric's gossip.rst)."""
    peer = rendered(nodes, "core")["peer"]

    assert (peer["gossip"]["useLeaderElection"], peer["gossip"]["orgLeader"]) == (False, True)
    assert peer["deliveryclient"]["blockGossipEnabled"] is False
    assert peer["gossip"]["state"]["enabled"] is False


def test_an_orderer_has_no_system_channel_and_a_closed_admin_endpoint(nodes: dict[str, NodePlan]) -> None:
    """Channels are joined through an endpoint on the pod's loopback that asks for a client certificate."""
    orderer = rendered(nodes, "orderer")

    assert orderer["General"]["BootstrapMethod"] == "none"
    assert orderer["ChannelParticipation"]["Enabled"] is True
    assert orderer["Admin"]["ListenAddress"] == "127.0.0.1:9443"
    assert (orderer["Admin"]["TLS"]["Enabled"], orderer["Admin"]["TLS"]["ClientAuthRequired"]) == (True, True)


def test_text_that_yaml_would_read_otherwise_stays_text(nodes: dict[str, NodePlan]) -> None:
    """An MSP id `yes` is a name, not a truth value."""
    assert rendered(nodes, "core")["peer"]["localMspId"] == "yes"


def test_files_are_named_by_absolute_paths(nodes: dict[str, NodePlan]) -> None:
    """Fabric resolves some relative paths against the folder it was started in."""
    orderer, peer = rendered(nodes, "orderer"), rendered(nodes, "core")["peer"]

    paths = [
        *orderer["General"]["TLS"]["RootCAs"],
        *orderer["Admin"]["TLS"]["ClientRootCAs"],
        orderer["Admin"]["TLS"]["Certificate"],
        orderer["General"]["LocalMSPDir"],
        peer["mspConfigPath"],
        peer["tls"]["cert"]["file"],
    ]
    assert [path for path in paths if not path.startswith("/etc/hyperledger/fabric/")] == []


def test_an_undefined_variable_is_an_error() -> None:
    """A template never renders a hole."""
    with pytest.raises(jinja2.UndefinedError):
        render.connection_profile(name="x")
