"""The official tools work with the folder that sdk-config writes, and read what Heddle put on the ledger."""

import asyncio
import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from heddle.clientconfig.files import ClientRequest, client_files
from heddle.clientconfig.folder import write_client_folder
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from tests.network.processes import network_of_processes
from tests.programs import needs
from tests.real.network import RealNetwork, real_consortium
from tests.real.steps import Deployed, deploy_assets, make_channel

__all__ = ["real_consortium"]

pytestmark = pytest.mark.real

Tools = Callable[..., str]
COLLECTIONS = [
    {
        "name": "prices",
        "policy": "OR('AlphaMSP.member', 'BetaMSP.member')",
        "requiredPeerCount": 0,
        "maxPeerCount": 1,
        "blockToLive": 0,
        "memberOnlyRead": True,
        "memberOnlyWrite": True,
    }
]


@pytest.fixture(scope="module")
def deployed(real_consortium: RealNetwork) -> Deployed:
    async def prepare() -> Deployed:
        async with Connections(DirectDialer()) as connections:
            await make_channel(connections, real_consortium)
            return await deploy_assets(connections, real_consortium)

    return asyncio.run(prepare())


@pytest.fixture(scope="module")
def tools(
    real_consortium: RealNetwork, deployed: Deployed, tmp_path_factory: pytest.TempPathFactory
) -> Tools:
    """Run a command in the environment of an organization's member, `alpha.admin` say: what it prints."""
    instance = network_of_processes(real_consortium)
    # A space, as in many people's paths.
    home = tmp_path_factory.mktemp("client folders")
    for name in ("alpha", "beta", "ordering"):
        out = home / name
        files = client_files(
            instance, ClientRequest(organization=name, users=("admin", "user"), root=str(out))
        )
        write_client_folder(out, {"instance": "real", "organization": name}, files)
    # Left from another network, as in a shell that has seen fabric-samples.
    stale = {"CORE_PEER_LOCALMSPID": "Org1MSP", "CORE_PEER_TLS_SERVERHOSTOVERRIDE": "peer0.org1.example.com"}

    def run(person: str, *command: str, interpreter: str = "bash") -> str:
        organization, user = person.split(".")
        done = subprocess.run(
            [
                interpreter,
                "-c",
                '. "$0" && eval "$1"',
                str(home / organization / f"env/{user}.sh"),
                " ".join(command),
            ],
            env={**os.environ, **stale},
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


ORDERER = '-o "$ORDERER_ADDRESS" --ordererTLSHostnameOverride "$ORDERER_HOST" --tls --cafile "$ORDERER_CA"'


def peers(network: RealNetwork) -> str:
    """Both organizations' peers, as an invocation names them; roots are from alpha's folder."""
    roots = {"AlphaMSP": "alpha/tls/ca.pem", "BetaMSP": "alpha/tls/beta-ca.pem"}
    words = (
        f"--peerAddresses {peer.host}:{peer.port} --tlsRootCertFiles {roots[peer.msp_id]}"
        for peer in network.peers
    )
    return " ".join(words)


def test_peer_channel(tools: Tools) -> None:
    """Heights and blocks; `configtxlator` finds the organizations that Heddle wrote."""
    assert '"height":' in tools("alpha.user", "peer channel getinfo -c channel")
    tools("alpha.user", f"peer channel fetch config config.pb -c channel {ORDERER}")
    decoded = tools("alpha.user", "configtxlator proto_decode --type common.Block --input config.pb")
    groups = json.loads(decoded)["data"]["data"][0]["payload"]["data"]["config"]["channel_group"]["groups"]
    assert set(groups["Application"]["groups"]) == {"alpha", "beta"}
    assert set(groups["Orderer"]["groups"]) == {"ordering"}
    tools("ordering.admin", f"peer channel fetch newest newest.pb -c channel {ORDERER}")
    newest = tools("ordering.admin", "configtxlator proto_decode --type common.Block --input newest.pb")
    assert int(json.loads(newest)["header"]["number"]) > 0


def test_the_tools_print_their_answer_and_nothing_else(
    tools: Tools, real_consortium: RealNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line of a log beside it, and an invoke still says its result."""
    monkeypatch.delenv("FABRIC_LOGGING_SPEC", raising=False)

    def printed(command: str) -> list[str]:
        return tools("alpha.admin", f"{command} 2>&1").splitlines()

    assert printed("peer channel list") == ["Channels peers has joined: ", "channel"]
    (height,) = printed("peer channel getinfo -c channel")
    assert height.startswith("Blockchain info: {")
    assert printed(f"peer channel fetch newest newest.pb -c channel {ORDERER}") == []
    title, *packages = printed("peer lifecycle chaincode queryinstalled")
    assert title == "Installed chaincodes on peer:"
    assert all(line.startswith("Package ID: ") for line in packages)
    put = json.dumps({"Args": ["put", "quiet", "ada", "7"]})
    everywhere = f"{ORDERER} -C channel -n assets {peers(real_consortium)} --waitForEvent"
    invoked = printed(f"peer chaincode invoke {everywhere} -c '{put}'")
    assert "Chaincode invoke successful. result: status:200" in invoked[-1]
    assert all("[chaincodeCmd]" in line for line in invoked)


def test_a_log_that_was_asked_for_is_printed(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder's environment gives a default; who debugs has set something else."""
    monkeypatch.setenv("FABRIC_LOGGING_SPEC", "info")
    assert "[grpc]" in tools("alpha.admin", "peer channel list 2>&1")


def test_osnadmin(tools: Tools, real_consortium: RealNetwork) -> None:
    """Admin endpoints take the client certificate of the ordering organization's folder."""
    pair = '--client-cert "$ORDERER_ADMIN_TLS_SIGN_CERT" --client-key "$ORDERER_ADMIN_TLS_PRIVATE_KEY"'
    for node in real_consortium.orderers:
        address = f"-o localhost:{node.admin_port}"
        listed = tools("ordering.admin", f'osnadmin channel list {address} --ca-file "$ORDERER_CA" {pair}')
        assert '"name": "channel"' in listed


def test_peer_chaincode(tools: Tools, real_consortium: RealNetwork) -> None:
    """A user invokes with both organizations' endorsements, and queries."""
    key = f"cli-{uuid.uuid4().hex[:8]}"
    put = json.dumps({"Args": ["put", key, "ada", "7"]})
    everywhere = f"{ORDERER} -C channel -n assets {peers(real_consortium)} --waitForEvent"
    tools("alpha.user", f"peer chaincode invoke {everywhere} -c '{put}'")
    get = json.dumps({"Args": ["get", key]})
    asked = tools("beta.user", f"peer chaincode query -C channel -n assets -c '{get}'")
    assert json.loads(asked) == {"id": key, "owner": "ada", "value": "7"}


def test_a_definition_with_collections(
    tools: Tools, real_consortium: RealNetwork, deployed: Deployed
) -> None:
    """Administrators approve and commit by `peer`; a price goes to the collection, and stays with members."""
    queried = "peer lifecycle chaincode querycommitted -C channel --output json"
    assert json.loads(tools("alpha.admin", queried))["chaincode_definitions"][0]["sequence"] == 1
    collections = f"--collections-config <(echo {json.dumps(json.dumps(COLLECTIONS))})"
    definition = f"-C channel -n assets -v 1 --sequence 2 {ORDERER} {collections}"
    for name in ("alpha", "beta"):
        installed: Any = json.loads(
            tools(f"{name}.admin", "peer lifecycle chaincode queryinstalled --output json")
        )
        package = installed["installed_chaincodes"][0]["package_id"]
        approve = f"peer lifecycle chaincode approveformyorg {definition} --package-id {package}"
        tools(f"{name}.admin", approve)
    everywhere = peers(real_consortium)
    tools("alpha.admin", f"peer lifecycle chaincode commit {definition} {everywhere}")
    assert json.loads(tools("beta.admin", queried))["chaincode_definitions"][0]["sequence"] == 2
    key = f"cli-{uuid.uuid4().hex[:8]}"
    # 95 in base64.
    invoke = f"peer chaincode invoke {ORDERER} -C channel -n assets {everywhere} --waitForEvent"
    price = json.dumps({"Args": ["putPrice", key]})
    tools("alpha.user", f"""{invoke} -c '{price}' --transient '{{"price":"OTU="}}'""")
    get = json.dumps({"Args": ["getPrice", key]})
    assert tools("beta.user", f"peer chaincode query -C channel -n assets -c '{get}'").strip() == "95"


def msp_ids(found: str) -> set[str]:
    """Whose peers `discover peers` lists."""
    return {peer["MSPID"] for peer in json.loads(found)}


@needs("discover")
def test_discover(tools: Tools, real_consortium: RealNetwork) -> None:
    """The discovery client finds both peers and the orderers, with the file that names the identity."""
    call = "discover --configFile alpha/env/discover-user.yaml"
    server = '--channel channel --server "$CORE_PEER_ADDRESS"'
    end = time.monotonic() + 60
    while (found := msp_ids(tools("alpha.user", f"{call} peers {server}"))) != {"AlphaMSP", "BetaMSP"}:
        # Gossip tells of the other organization's peer some seconds after both have joined.
        assert time.monotonic() < end, found
        time.sleep(1)
    config = json.loads(tools("alpha.user", f"{call} config {server} 2>&1"))
    assert set(config["msps"]) == {"AlphaMSP", "BetaMSP", "OrderingMSP"}
    ports = {endpoint["port"] for endpoint in config["orderers"]["OrderingMSP"]["endpoint"]}
    assert ports == {node.port for node in real_consortium.orderers}


@needs("zsh")
def test_zsh_reads_the_environment_too(tools: Tools) -> None:
    """Not only bash."""
    assert '"height":' in tools("alpha.user", "peer channel getinfo -c channel", interpreter="zsh")
