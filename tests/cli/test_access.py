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
    assert network.viewer is not None
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


TABLE = [
    ("get", "", "pods", "viewer operator admin"),
    ("create", "", "pods/portforward", "viewer operator admin"),
    ("get", "", "pods/portforward", "viewer operator admin"),
    ("list", "apps", "statefulsets", "viewer operator admin"),
    ("get", "", "pods/log", "viewer operator admin"),
    ("delete", "", "pods", "operator admin"),
    ("patch", "apps", "statefulsets/scale", "operator admin"),
    ("create", "batch", "jobs", "operator admin"),
    ("get", "", "secrets", "admin"),
    ("create", "", "pods/exec", "admin"),
    ("delete", "apps", "statefulsets", "admin"),
    ("delete", "", "persistentvolumeclaims", "admin"),
    ("create", "rbac.authorization.k8s.io", "rolebindings", ""),
]


@pytest.mark.parametrize(("verb", "group", "resource", "roles"), TABLE)
def test_what_each_role_may(standins: RealNetwork, verb: str, group: str, resource: str, roles: str) -> None:
    """A viewer changes nothing and reads no Secret; an operator restarts; an administrator does the rest."""
    network = network_of_processes(standins)
    key = standins.organizations["beta"].authority.private_key
    may = [str(role) for role in Role if _may(_rules(network, role, key), verb, group, resource)]
    assert may == roles.split()
