"""What a client application is given."""

import json
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from heddle.cli import sdkconfig
from heddle.cli.app import app
from heddle.clientconfig import authorities
from heddle.clientconfig.files import ClientFile, ClientRequest, client_files
from heddle.errors import EngineError
from heddle.plugin.values import Secret
from heddle.state.resource import Resource
from tests.network.samples import plain_instance, sample_network, use_network

ROOT = "/opt/app/cert"


def files_of(organization: str, *users: str, data: dict[str, Any] | None = None) -> dict[str, ClientFile]:
    request = ClientRequest(organization=organization, users=users, root=ROOT)
    return dict(client_files(sample_network(data), request))


def profile(organization: str = "one", data: dict[str, Any] | None = None) -> dict[str, Any]:
    files = files_of(organization, data=data)
    loaded: dict[str, Any] = json.loads(files["connection-profile.json"].content)
    assert loaded == yaml.safe_load(files["connection-profile.yaml"].content)
    return loaded


def secrets(files: dict[str, ClientFile]) -> list[str]:
    return [name for name, file in files.items() if file.secret]


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
    assert "certificateAuthorities" not in loaded


def test_strangers_are_not_in_the_profile() -> None:
    """An organization without a common channel is nobody's business."""
    data = plain_instance()
    data["channels"]["channel"] = {"organizations": ["two"], "peers": ["peer0-two"], "genesisHash": "00"}

    loaded = profile("one", data)

    assert (list(loaded["organizations"]), loaded["channels"]) == (["one"], {})
    assert list(loaded["peers"]) == ["peer0-one"]
    assert "tls/two-ca.pem" not in files_of("one", data=data)


def test_a_channel_that_none_of_its_peers_joined_is_still_an_object() -> None:
    """SDKs iterate over it; nothing where an object belongs stops them."""
    data = plain_instance()
    data["channels"]["channel"]["peers"] = []

    assert profile("one", data)["channels"]["channel"]["peers"] == {}


def test_go_is_told_where_files_are_and_all_else_is_the_same() -> None:
    """fabric-sdk-go takes a user's key from a file, by an absolute path."""
    loaded = yaml.safe_load(files_of("one", "user")["connection-profile-go.yaml"].content)

    assert loaded["organizations"]["one"].pop("users") == {
        "user": {
            "cert": {"path": f"{ROOT}/users/user/msp/signcerts/cert.pem"},
            "key": {"path": f"{ROOT}/users/user/msp/keystore/key.pem"},
        }
    }
    for each in loaded["organizations"].values():
        assert each.pop("cryptoPath") == "users/{username}/msp"
    assert loaded["client"].pop("cryptoconfig") == {"path": ROOT}
    for only_go in ("credentialStore", "BCCSP", "tlsCerts"):
        del loaded["client"][only_go]
    assert loaded == profile()


def test_a_gateway_client_finds_everything_beside_the_file() -> None:
    """Peers of its organization, the name each certificate carries, and the paths of what it reads."""
    files = files_of("one", "user")
    gateway = json.loads(files["gateway.json"].content)

    assert gateway["mspId"] == "OneMSP"
    assert gateway["peers"] == [
        {
            "name": "peer0-one",
            "endpoint": "192.0.2.1:30001",
            "tlsServerName": "peer0-one.fabric-dev.svc.cluster.local",
            "tlsRootCertificates": "tls/ca.pem",
        }
    ]
    assert gateway["channels"] == {"channel": {"chaincodes": ["assets"], "peers": ["peer0-one"]}}
    named = [*gateway["identity"].values(), gateway["peers"][0]["tlsRootCertificates"]]
    assert set(named) <= files.keys()
    assert "identity" not in json.loads(files_of("one")["gateway.json"].content)


def test_a_gateway_client_finds_a_chaincode_on_each_of_its_channels() -> None:
    """Further channels count as the first one does."""
    data = plain_instance()
    data["channels"]["audit"] = {**data["channels"]["channel"], "organizations": ["one"]}
    definition = {"sequence": 1, "endorsementPolicy": "", "initRequired": False, "collections": []}
    data["chaincodes"]["assets"]["further"] = {"audit": definition}

    channels = json.loads(files_of("one", data=data)["gateway.json"].content)["channels"]

    assert {name: each["chaincodes"] for name, each in channels.items()} == {
        "channel": ["assets"],
        "audit": ["assets"],
    }


def test_certificates_are_public_and_keys_are_asked_for() -> None:
    """User, administrator and authorities: all certificates, and no key before somebody is named."""
    files = files_of("one")

    assert secrets(files) == []
    assert not any("key of" in file.content for file in files.values())
    assert files["certificates/ca.pem"].content == "root of one\n"
    assert files["certificates/tls-ca.pem"].content == "tls root of one\n"
    assert files["certificates/admin.pem"].content == "certificate of admin@one\n"
    assert files["certificates/user.pem"].content == "certificate of user@one\n"
    assert files["msp/cacerts/ca.pem"].content == "root of one\n"
    assert secrets(files_of("one", "user")) == ["users/user/msp/keystore/key.pem"]


def test_a_users_msp_folder_is_complete() -> None:
    """The official tools take it as it is."""
    files = files_of("one", "admin")

    assert files["users/admin/msp/signcerts/cert.pem"].content == "certificate of admin@one\n"
    assert files["users/admin/msp/cacerts/ca.pem"].content == "root of one\n"
    assert "NodeOUs" in files["users/admin/msp/config.yaml"].content
    assert secrets(files) == ["users/admin/msp/keystore/key.pem"]


def test_the_ordering_organization_has_administrators_not_applications() -> None:
    """Its folder has what `osnadmin` and `peer channel` need, the roots of everybody, and no profile."""
    files = files_of("orderer", "admin")

    assert "connection-profile.json" not in files
    assert {"tls/one-ca.pem", "tls/two-ca.pem", "env/admin.sh"} <= files.keys()
    assert secrets(files) == ["tls/admin-client-key.pem", "users/admin/msp/keystore/key.pem"]
    assert "ORDERER_ADMIN_TLS_PRIVATE_KEY" in files["env/admin.sh"].content
    assert secrets(files_of("orderer", "user")) == ["users/user/msp/keystore/key.pem"]


def test_an_external_organization_has_its_keys_elsewhere() -> None:
    """It is a definition here; the answer names those that are not."""
    data = plain_instance()
    data["organizations"]["two"]["users"] = {}

    with pytest.raises(EngineError, match=r"two is external[^$]*made here: orderer, one"):
        files_of("two", data=data)
    assert "two" in profile("one", data)["organizations"]


def test_no_representation_shows_a_key() -> None:
    """In a traceback, say."""
    request = ClientRequest(
        organization="one", users=("user",), root=ROOT, authority_keys={"ca": "key of ca"}
    )

    assert "key of" not in repr(request)
    assert "key of" not in repr(client_files(sample_network(), request))


# --- the verb


@pytest.fixture(autouse=True)
def _stack(monkeypatch: pytest.MonkeyPatch) -> None:
    use_network(monkeypatch, sample_network())


def run(out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["sdk-config", "dev", "--org", "one", "--out", str(out), *arguments])


def test_the_verb_writes_files_and_keeps_the_key_private(tmp_path: Path) -> None:
    """The key is its owner's alone; the rest anybody may read."""
    result = run(tmp_path, "--user", "user")

    assert result.exit_code == 0, result.output
    key = tmp_path / "users/user/msp/keystore/key.pem"
    assert key.read_text() == "key of user@one\n"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "tls/ca.pem").stat().st_mode) == 0o644
    assert f"{key}  (secret)" in result.stdout
    assert "key of" not in result.output


def test_without_a_user_no_key_is_written_and_that_is_said(tmp_path: Path) -> None:
    """Secrets only where asked for."""
    result = run(tmp_path)

    assert "No private key was written" in result.stderr
    assert not (tmp_path / "users").exists()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """Not even a time; a key that became readable is closed again."""
    run(tmp_path, "--user", "user")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    again = run(tmp_path, "--user", "user")

    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before
    assert again.stdout == f"{len(before) - 1} files unchanged\n"
    key = tmp_path / "users/user/msp/keystore/key.pem"
    key.chmod(0o644)
    assert f"{key}  (secret)" in run(tmp_path, "--user", "user").stdout
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_what_changed_in_the_network_is_written_and_another_user_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Heddle wrote it may write again; files of an earlier request stay."""
    run(tmp_path, "--user", "user")
    data = plain_instance()
    data["organizations"]["one"]["tlsCaCertificate"] = "renewed\n"
    use_network(monkeypatch, sample_network(data))

    result = run(tmp_path, "--user", "admin")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "tls/ca.pem").read_text() == "renewed\n"
    assert (tmp_path / "users/user/msp/keystore/key.pem").exists()


@pytest.mark.parametrize("kind", ["a file", "a changed file", "a link", "a folder that is a link"])
def test_foreign_files_are_never_written_over_silently(tmp_path: Path, kind: str) -> None:
    """Nothing at all is written, and the files are named; --force is the way over them."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    out.mkdir()
    name = "gateway.json"
    if kind == "a file":
        (out / name).write_text("mine")
    elif kind == "a changed file":
        run(out)
        (out / name).write_text("mine")
    elif kind == "a link":
        (elsewhere / "x").write_text("mine")
        (out / name).symlink_to(elsewhere / "x")
    else:
        name = "tls/ca.pem"
        (out / "tls").symlink_to(elsewhere)
    there = sorted(out.rglob("*"))

    result = run(out, "--user", "user")

    assert isinstance(result.exception, EngineError)
    assert name in str(result.exception)
    assert "--force" in result.exception.hint
    assert sorted(out.rglob("*")) == there
    forced = run(out, "--user", "user", "--force")
    assert forced.exit_code == 0, forced.output
    assert (out / name).is_file()
    assert not (out / name).is_symlink()
    assert [path.read_text() for path in elsewhere.iterdir()] in ([], ["mine"])


def test_one_folder_is_one_organizations(tmp_path: Path) -> None:
    """Two in one folder would be a profile of one with keys of the other."""
    run(tmp_path)

    other = CliRunner().invoke(app, ["sdk-config", "dev", "--org", "two", "--out", str(tmp_path)])

    assert "organization one" in str(other.exception)
    assert (tmp_path / "certificates/ca.pem").read_text() == "root of one\n"


@pytest.mark.parametrize("record", ["", "[]", "{", '{"owner": 1, "files": []}', "[" * 100_000])
def test_a_record_that_is_none_counts_as_none(tmp_path: Path, record: str) -> None:
    """What somebody broke is no reason to write over it."""
    (tmp_path / ".heddle-sdk-config.json").write_text(record)
    (tmp_path / "gateway.json").write_text("mine")

    assert isinstance(run(tmp_path).exception, EngineError)


def test_a_folder_that_cannot_be_written_is_an_answer(tmp_path: Path) -> None:
    """No traceback."""
    (tmp_path / "file").write_text("")

    assert isinstance(run(tmp_path / "file" / "below").exception, EngineError)


def test_keys_of_authorities_come_with_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in no output: only who names the option gets them."""
    keys = {"ca": "key of ca\n", "tls-ca": "key of tls ca\n"}
    monkeypatch.setattr(sdkconfig, "authority_keys", lambda *_: keys)

    result = run(tmp_path, "--with-ca-keys")

    assert result.exit_code == 0, result.output
    key = tmp_path / "certificates/ca-key.pem"
    assert (key.read_text(), stat.S_IMODE(key.stat().st_mode)) == ("key of ca\n", 0o600)
    assert "can become any member of one" in result.stderr
    assert "key of" not in result.output


def test_an_authority_is_known_by_its_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all authorities in the state the organization's two; what is not there is said."""
    resources = [
        Resource(
            urn=f"urn:pulumi:dev::fabric::heddle:identity:CertificateAuthority::{name}",
            type="heddle:identity:CertificateAuthority",
            custom=True,
            outputs={"certificate": f"{name}\n", "privateKey": Secret(f"key of {name}\n")},
        )
        for name in ("root of one", "tls root of one", "root of two")
    ]
    opened = SimpleNamespace(resources=resources)
    monkeypatch.setattr(authorities, "open_stack", lambda *_, **__: opened)
    instance = sample_network().instance

    keys = authorities.authority_keys("dev", Path(), instance.organization("one"))

    assert keys == {"ca": "key of root of one\n", "tls-ca": "key of tls root of one\n"}
    with pytest.raises(EngineError, match="no key of two's tls-ca"):
        authorities.authority_keys("dev", Path(), instance.organization("two"))
