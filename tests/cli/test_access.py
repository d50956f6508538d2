"""`heddle access grant`: what a person gets, and that looking needs nothing else. Asked of stand-ins."""

import asyncio
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from heddle.cli import access as access_cli
from heddle.cli.app import app
from heddle.clientconfig.grant import Grant, Role, granted_files
from heddle.configtx.blocks import block_hash
from heddle.errors import EngineError
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from heddle.network.network import Network, open_network
from tests.contract.standins import prepared_standins
from tests.network.processes import network_of_processes
from tests.real.network import RealNetwork, running
from tests.real.steps import Packaged, define, make_channel

PACKAGE = Packaged(label="assets", package=b"", package_id="assets:00")
GENESIS: dict[str, str] = {}
"""Hash of the channel's first block, once there is one."""
KUBECONFIG = {
    "current-context": "c",
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "alice"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "alice", "user": {"token": "own"}}],
}


@pytest.fixture(scope="module")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    """One orderer, two organizations with a peer each, a channel, and a definition in force on it."""
    network = prepared_standins(tmp_path_factory.mktemp("n"), orderers=1, peers={"alpha": 1, "beta": 1})
    for started in running(network):
        GENESIS["hash"] = asyncio.run(_deploy(started))
        yield started


async def _deploy(network: RealNetwork) -> str:
    async with Connections(DirectDialer()) as connections:
        genesis = await make_channel(connections, network)
        wanted = Definition(name="assets", version="1", sequence=1)
        await define(connections, network, wanted, dict.fromkeys(network.organizations, PACKAGE))
    return block_hash(genesis.header).hex()


@pytest.fixture
def folder(standins: RealNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A viewer's folder, and the viewer's own kubeconfig in the environment."""
    out = _granted(standins, tmp_path / "alice", "viewer", monkeypatch)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(KUBECONFIG))
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    return out


def _granted(standins: RealNetwork, out: Path, role: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run the verb as the owner of the stack does."""
    key = standins.organizations["beta"].authority.private_key.decode()
    with monkeypatch.context() as patched:
        network = network_of_processes(standins, GENESIS["hash"])
        patched.setattr(access_cli, "open_network", lambda *_: network)
        patched.setattr(access_cli, "authority_keys", lambda *_: {"ca": key})
        arguments = ["--role", role, "--user", "alice", "--org", "beta", "--out", str(out)]
        done = CliRunner().invoke(app, ["access", "grant", "dev", *arguments])
    assert done.exit_code == 0, done.output + str(done.exception)
    return out


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "130"})


def test_a_viewer_looks_without_state_and_passphrase(folder: Path) -> None:
    """With the folder and an own kubeconfig alone: nodes, heights, channels and chaincodes."""
    done = run("status", f"{folder}/", "--json")
    found = json.loads(done.output)
    assert done.exit_code == 0, done.output
    assert {node["name"]: node["heights"] for node in found["nodes"]}.keys() == {
        "orderer1",
        "alpha-peer1",
        "beta-peer1",
    }
    assert all(node["heights"]["channel"] >= 2 for node in found["nodes"])
    (channel,) = json.loads(run("channel", "list", f"{folder}/", "--json").output)
    assert {node["state"] for node in channel["nodes"]} == {"active", "joined"}
    assert "sequence 0" in run("channel", "show", f"{folder}/").output
    assert "assets" in run("chaincode", "list", f"{folder}/").output


def test_a_viewer_does_not_act(folder: Path) -> None:
    """What needs the key of somebody else says so, and where it can be run."""
    network = open_network(f"{folder}/", Path())
    assert network.person is not None
    assert (network.person.name, network.person.organization) == ("alice", "beta")
    for act in (
        network.client_tls,
        lambda: network.signer("beta"),
        lambda: network.representatives("channel"),
    ):
        with pytest.raises(EngineError, match="is not in this access folder") as caught:
            act()
        assert "state and passphrase" in caught.value.hint


def test_only_the_key_is_secret(folder: Path) -> None:
    """The key is for its owner alone; the output holds no secret."""
    modes = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    key = modes["msp/keystore/key.pem"]
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    others = [path.read_text() for path in modes.values() if path != key]
    assert not any("PRIVATE KEY" in text for text in others)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """Also files that are not what they should be."""
    with pytest.raises(EngineError, match=str(tmp_path)):
        open_network(f"{tmp_path}/", Path())


def _rules(network: Network, role: Role, key: bytes) -> list[dict[str, Any]]:
    grant = Grant(user="alice", role=role, organization="beta", validity_days=9)
    files = granted_files(network.instance, grant, key)
    rights, binding = yaml.safe_load_all(files["rbac.yaml"].content)
    assert (rights["kind"], binding["kind"]) == ("Role", "RoleBinding")
    assert binding["roleRef"]["name"] == rights["metadata"]["name"]
    assert binding["subjects"][0]["name"] == "alice"
    return list(rights["rules"])


def _may(rules: list[dict[str, Any]], verb: str, group: str, resource: str) -> bool:
    return any(
        group in rule["apiGroups"]
        and {resource, "*"} & set(rule["resources"])
        and {verb, "*"} & set(rule["verbs"])
        for rule in rules
    )


CASES = Path(__file__).parent.parent / "cases/access"
RIGHTS: list[dict[str, Any]] = yaml.safe_load((CASES / "rights.yaml").read_text())


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: f"{right['verb']} {right['resource']}")
def test_what_each_role_may(standins: RealNetwork, right: dict[str, Any]) -> None:
    """A viewer changes nothing and reads no Secret; an operator restarts; an administrator does the rest."""
    network = network_of_processes(standins)
    key = standins.organizations["beta"].authority.private_key
    asked = (right["verb"], right.get("group", ""), right["resource"])
    may = [str(role) for role in Role if _may(_rules(network, role, key), *asked)]
    assert may == right["roles"]


def test_names_of_users_with_a_url_become_names_of_roles(standins: RealNetwork) -> None:
    """Users of an OpenID issuer have its URL in their names; Kubernetes refuses a Role of such a name."""
    key = standins.organizations["beta"].authority.private_key
    names = []
    for user in ("https://idp/alice", "https:--idp-alice"):
        grant = Grant(user=user, role=Role.VIEWER, organization="beta", validity_days=9)
        files = granted_files(network_of_processes(standins).instance, grant, key)
        rights, binding = yaml.safe_load_all(files["rbac.yaml"].content)
        assert binding["roleRef"]["name"] == binding["metadata"]["name"] == rights["metadata"]["name"]
        assert binding["subjects"][0]["name"] == user
        names.append(rights["metadata"]["name"])

    assert not set("/%") & set("".join(names))
    assert names[0].startswith("heddle-viewer-https:--idp-alice")
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    "line",
    [
        ["namespace", "dev", "--user", ""],
        ["access", "grant", "dev", "--role", "viewer", "--user", "", "--org", "beta", "--out", "x"],
    ],
    ids=" ".join,
)
def test_an_empty_user_is_refused(line: list[str]) -> None:
    """Such as that of a shell's variable that is not set; Kubernetes would refuse the RoleBinding."""
    done = run(*line)

    assert done.exit_code == 2
    assert "this one is empty" in done.output


def test_a_person_signs_with_their_own_key(folder: Path, tmp_path: Path) -> None:
    """Applications get it by `sdk-config`; nobody else's key is there to be had."""
    network = open_network(f"{folder}/", Path())
    assert network.signer("beta", "alice") == network.channel_reader("channel")
    out = tmp_path / "client"

    done = run("sdk-config", f"{folder}/", "--org", "beta", "--user", "alice", "--out", str(out))

    assert done.exit_code == 0, done.output + str(done.exception)
    key = (folder / "msp/keystore/key.pem").read_text()
    assert (out / "users/alice/msp/keystore/key.pem").read_text() == key
    assert (
        json.loads((out / "gateway.json").read_text())["mspId"]
        == network.instance.organization("beta").msp_id
    )
    with pytest.raises(EngineError, match="which is of alice, client of beta"):
        network.signer("beta", "admin")


def test_an_administrator_acts_for_the_organization(
    standins: RealNetwork, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On its channels, by the role in the certificate; the orderers' admin endpoints stay the stack's."""
    network = open_network(f"{_granted(standins, tmp_path / 'root', 'admin', monkeypatch)}/", Path())

    (acting,) = network.representatives("channel")

    assert (acting.organization.name, [peer.name for peer in acting.peers]) == ("beta", ["beta-peer1"])
    assert network.signer("beta", "admin") == network.administrator("channel") == acting.signer
    for refused in (network.client_tls, lambda: network.signer("alpha", "admin")):
        with pytest.raises(EngineError, match="is not in this access folder"):
            refused()


def test_a_viewer_checks_every_block(folder: Path) -> None:
    """Reading is a viewer's, however much of it."""
    done = run("channel", "verify", f"{folder}/")
    assert done.exit_code == 0, done.output + str(done.exception)
    assert done.output.count("✓ sound") == 3


VERBS: list[dict[str, Any]] = yaml.safe_load((CASES / "verbs.yaml").read_text())
OF_NOBODY = [verb["run"] for verb in VERBS if "state and its passphrase" in verb.get("refusal", "")]


@pytest.mark.parametrize("command", OF_NOBODY)
def test_what_needs_the_state_says_so(
    folder: Path, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything else is missed: a person has no checkout either."""
    monkeypatch.chdir(tmp_path)
    words = {"FOLDER": f"{folder}/", "USER": "alice", "OUT": str(tmp_path / "out"), "organization": "beta"}
    done = run(*(words.get(word, word) for word in command.split()))
    assert done.exit_code == 1
    assert "needs the stack's state and its passphrase" in done.output + str(done.exception)
