"""What a client application is given."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from heddle.cli import outputs
from heddle.cli.app import app
from heddle.cli.outputs import instance_of
from heddle.cli.sdkconfig import client_files
from heddle.errors import EngineError
from tests.cli.instances import plain_instance


def profile(organization: str = "one", data: dict[str, Any] | None = None) -> dict[str, Any]:
    files = client_files(instance_of(data or plain_instance()), organization=organization, user="user")
    loaded: dict[str, Any] = json.loads(files["connection-profile.json"].content)
    assert loaded == yaml.safe_load(files["connection-profile.yaml"].content)
    return loaded


def test_clients_dial_the_public_endpoint_and_expect_the_ledgers_name() -> None:
    """The certificate says the name; the address is another where the instance is reached from outside."""
    peers = profile()["peers"]

    assert peers["peer0-one"]["url"] == "grpcs://192.0.2.1:30001"
    assert peers["peer0-one"]["grpcOptions"]["ssl-target-name-override"] == (
        "peer0-one.fabric-dev.svc.cluster.local"
    )
    assert peers["peer0-one"]["tlsCACerts"] == {"pem": "tls root of one\n"}


def test_without_a_public_endpoint_the_address_is_the_one_inside() -> None:
    """A private instance is used from inside the cluster, or by names that resolve there."""
    assert profile()["peers"]["peer0-two"]["url"] == "grpcs://peer0-two.fabric-dev.svc.cluster.local:7051"


def test_the_profile_names_whom_the_client_meets() -> None:
    """Its organization first, then those it shares a channel with, and the channel's nodes."""
    loaded = profile("two")

    assert loaded["client"]["organization"] == "two"
    assert {name: each["mspid"] for name, each in loaded["organizations"].items()} == {
        "one": "OneMSP",
        "two": "TwoMSP",
    }
    assert sorted(loaded["channels"]["channel"]["peers"]) == ["peer0-one", "peer0-two"]
    assert loaded["channels"]["channel"]["orderers"] == ["orderer0-orderer"]


def test_strangers_are_not_in_the_profile() -> None:
    """An organization without a common channel is nobody's business."""
    data = plain_instance()
    data["channels"]["channel"] = {"organizations": ["two"], "peers": ["peer0-two"], "genesisHash": "00"}

    loaded = profile("one", data)

    assert (list(loaded["organizations"]), loaded["channels"]) == (["one"], {})
    assert list(loaded["peers"]) == ["peer0-one"]


def test_a_users_msp_folder_is_complete() -> None:
    """The official tools take it as it is."""
    files = client_files(instance_of(plain_instance()), organization="one", user="admin")

    assert files["users/admin/msp/signcerts/cert.pem"].content == "certificate of admin@one\n"
    assert files["users/admin/msp/cacerts/ca.pem"].content == "root of one\n"
    assert "NodeOUs" in files["users/admin/msp/config.yaml"].content
    assert [name for name, file in files.items() if file.secret] == ["users/admin/msp/keystore/key.pem"]


def test_an_organization_without_peers_has_no_clients() -> None:
    """The ordering organization's users do not use chaincodes."""
    with pytest.raises(EngineError, match="Those with peers: one, two"):
        client_files(instance_of(plain_instance()), organization="orderer", user="user")


def test_the_verb_writes_files_and_keeps_the_key_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also over an older file that everybody could read."""
    monkeypatch.setattr(outputs, "load_instance", lambda stack, folder: instance_of(plain_instance()))
    key = tmp_path / "users/user/msp/keystore/key.pem"
    key.parent.mkdir(parents=True)
    key.write_text("old")

    result = CliRunner().invoke(app, ["sdk-config", "dev", "--org", "one", "--out", str(tmp_path)])

    assert result.exit_code == 0, result.output
    assert key.read_text() == "key of user@one\n"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert (tmp_path / "tls/ca.pem").read_text() == "tls root of one\n"
