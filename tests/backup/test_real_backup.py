"""`heddle backup` on official nodes: what it keeps is proved, and only new bytes travel."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from fabric_protos.common.common_pb2 import Block
from pyrage import x25519
from typer.testing import CliRunner, Result

from heddle.backup.blocks import pack, unpack
from heddle.backup.catalog import find_backup
from heddle.backup.contents import Reader, Writer
from heddle.backup.manifest import Manifest, write_manifest
from heddle.backup.restoring.ledgers import (
    LedgerFile,
    ProvedChannel,
    block_chunks,
    prove_channel,
)
from heddle.backup.sealing import read_identity
from heddle.backup.target import Target, open_target
from heddle.cli.app import app
from heddle.configtx.blocks import block_hash
from heddle.errors import BackupError
from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.network.network import Network
from heddle.state.backend import Backend
from tests.ledgerfiles.blockfiles import blocks_in
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.provider.previews.others import change_batch
from tests.real.network import RealNetwork
from tests.real.steps import deploy_assets, make_channel

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
Heddle = Callable[..., Result]


@pytest.fixture(scope="module")
def genesis_hash(real_network: RealNetwork) -> str:
    """The hash of block 0 of a channel with a chaincode, transactions, and a change of its configuration."""

    async def prepare() -> Block:
        async with Connections(DirectDialer()) as connections:
            genesis = await make_channel(connections, real_network)
            await deploy_assets(connections, real_network)
        await change_batch(real_network, max_message_count=20)
        return genesis

    return block_hash(asyncio.run(prepare()).header).hex()


@pytest.fixture
def instance(real_network: RealNetwork, genesis_hash: str) -> Network:
    return network_of_processes(real_network, genesis_hash)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A file of `age-keygen`."""
    made, path = x25519.Identity.generate(), tmp_path / "key.txt"
    path.write_text(f"# public key: {made.to_public()}\n{made}\n")
    return path


@pytest.fixture(params=["clear", "encrypted"])
def heddle(
    request: pytest.FixtureRequest,
    instance: Network,
    tmp_path: Path,
    key: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Heddle:
    """The command line, on a stack with a state, whose network is this one."""
    encrypted = request.param == "encrypted"
    recipients = [str(each.to_public()) for each in read_identity(key)] if encrypted else []
    return project(tmp_path, instance, monkeypatch, {"encryptTo": recipients, "keep": 2})


def project(
    folder: Path, instance: Network, monkeypatch: pytest.MonkeyPatch, terms: dict[str, object]
) -> Heddle:
    """Make a stack `dev` with a state, whose network this is, and return its command line."""
    use_network(monkeypatch, instance)
    return command_line(folder, monkeypatch, terms)


def command_line(folder: Path, monkeypatch: pytest.MonkeyPatch, terms: dict[str, object]) -> Heddle:
    """Make a stack `dev` with a state, and return its command line."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder}/state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "words")
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    monkeypatch.setenv("COLUMNS", "200")
    cluster = {"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}]}
    context = {"contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}], "current-context": "c"}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        **cluster,
        **context,
        "users": [{"name": "c", "user": {}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    settings = {
        "name": "real",
        "cluster": {"context": "c"},
        "organizations": [{"name": "org1"}],
        "backup": {"target": "kept", **terms},
    }
    (folder / "Pulumi.yaml").write_text("name: fabric\nruntime: python\nstackConfigDir: stacks\n")
    (folder / "stacks").mkdir()
    stack_file = {"config": {"fabric:instance": settings}}
    (folder / "stacks" / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack_file))
    backend = Backend(folder / "state", "fabric", "dev")
    backend.save(backend.document([], [], ""))
    return lambda *arguments: CliRunner().invoke(app, ["backup", *arguments, "-C", str(folder)])


def backed_up(heddle: Heddle) -> dict[str, object]:
    done = heddle("create", "dev", "--json")
    assert done.exit_code == 0, done.output
    made: dict[str, object] = json.loads(done.stdout)
    return made


def kept(folder: Path) -> Target:
    return open_target("kept", "real", base=folder)


async def _invoke(network: RealNetwork, number: int) -> None:
    (organization, *_) = network.organizations.values()
    arguments = ("put", f"a{number}", "ada", "7")
    async with Connections(DirectDialer()) as connections:
        await gateway.invoke(
            connections, network.peers[0], organization.user, "channel", "assets", arguments, deadline=30
        )


def test_a_backup_holds_what_the_nodes_have(
    heddle: Heddle, instance: Network, tmp_path: Path, key: Path
) -> None:
    """All blocks, proved, with the last one's hash confirmed by every node; the state and the stack file."""
    made = backed_up(heddle)

    manifest = asyncio.run(find_backup(kept(tmp_path), "newest"))
    channel = manifest.channels["channel"]
    nodes = {node.name for node in (*instance.instance.orderers, *instance.instance.peers)}
    assert set(channel.confirmed_by) == nodes
    assert len(bytes.fromhex(channel.commit_hash or "")) == 32
    assert made["id"] == manifest.id
    reader = Reader(kept(tmp_path), manifest, read_identity(key))

    async def read() -> tuple[list[Block], bytes, bytes]:
        blocks = [block for each in channel.blocks for block in unpack(await reader.read(each.item))]
        return blocks, await reader.read(manifest.state), await reader.read(manifest.stack_file)

    blocks, state, stack_file = asyncio.run(read())
    assert [block.header.number for block in blocks] == list(range(channel.height))
    assert block_hash(blocks[0].header).hex() == channel.genesis_hash
    assert block_hash(blocks[-1].header).hex() == channel.last_hash
    assert channel.config_sequence == 1
    assert state == (tmp_path / "state/.pulumi/stacks/fabric/dev.json").read_bytes()
    assert stack_file == (tmp_path / "stacks/Pulumi.dev.yaml").read_bytes()


def test_only_new_blocks_travel(heddle: Heddle, real_network: RealNetwork, tmp_path: Path) -> None:
    """The second backup shares the first one's objects; both are whole."""
    first = backed_up(heddle)
    asyncio.run(_invoke(real_network, 1))
    before = asyncio.run(kept(tmp_path).objects())
    second = backed_up(heddle)

    manifest = asyncio.run(find_backup(kept(tmp_path), "newest"))
    new = manifest.channels["channel"].blocks[-1]
    assert len(asyncio.run(kept(tmp_path).objects())) == len(before) + len(new.item.pieces)
    assert isinstance(first["sent"], int)
    assert isinstance(second["sent"], int)
    assert second["sent"] < first["sent"] / 2
    listed = json.loads(heddle("list", "dev", "--json").stdout)
    assert [each["id"] for each in listed][-1] == second["id"]


def test_a_backup_is_verified(heddle: Heddle, tmp_path: Path, key: Path) -> None:
    """Block by block, from the genesis block on; without the private key as far as that goes."""
    backed_up(heddle)

    bare, whole = heddle("verify", "dev"), heddle("verify", "dev", "newest", "--identity", str(key))

    assert bare.exit_code == 0, bare.output
    assert whole.exit_code == 0, whole.output
    assert "proved" in whole.stdout
    assert "is sound" in whole.stdout
    manifest = asyncio.run(find_backup(kept(tmp_path), "newest"))
    assert ("proved" in bare.stdout) is not bool(manifest.recipients)


def test_damage_is_found(heddle: Heddle, tmp_path: Path, key: Path) -> None:
    """A changed byte of any object, and a lost object."""
    backed_up(heddle)
    objects = sorted((tmp_path / "kept/real/objects").glob("*/*"))
    for path in objects:
        good = path.read_bytes()
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        done = heddle("verify", "dev", "--identity", str(key))
        assert done.exit_code == 1, path
        assert "damaged" in done.stdout
        path.unlink()
        assert "is not there" in heddle("verify", "dev").stdout
        path.write_bytes(good)
    assert len(objects) >= 3
    assert heddle("verify", "dev").exit_code == 0


def test_a_block_that_no_orderer_signed_is_found(heddle: Heddle, tmp_path: Path, key: Path) -> None:
    """Whoever may write to the target, and so make whole objects and a manifest, still forges no block."""
    backed_up(heddle)
    place = kept(tmp_path)
    manifest = asyncio.run(find_backup(place, "newest"))
    forged = _forged(place, manifest, key)

    done = heddle("verify", "dev", forged, "--identity", str(key))

    assert done.exit_code == 1
    assert "block 3: " in done.stdout


def _forged(place: Target, manifest: Manifest, key: Path) -> str:
    channel = manifest.channels["channel"]

    async def write() -> str:
        reader = Reader(place, manifest, read_identity(key))
        found = [block for each in channel.blocks for block in unpack(await reader.read(each.item))]
        found[3].data.data[0] = found[2].data.data[0]
        item = await Writer(place, manifest.recipients, {}).add("channels/channel/0.blocks", pack(found))
        whole = replace(channel.blocks[0], first=0, last=channel.height - 1, item=item)
        forged = replace(
            manifest,
            id="20991231t000000z",
            channels={"channel": replace(channel, blocks=(whole,))},
        )
        await place.write_manifest(forged.id, write_manifest(forged))
        return forged.id

    return asyncio.run(write())


def test_old_backups_go_once_a_new_one_is_good(heddle: Heddle, tmp_path: Path) -> None:
    """As many stay as the stack file keeps; what no backup needs goes with them, also what a kill left."""
    ids = []
    asyncio.run(kept(tmp_path).put(b"left by a backup that was killed"))
    for _ in range(3):
        ids.append(backed_up(heddle)["id"])

    place = kept(tmp_path)
    assert asyncio.run(place.backups()) == ids[1:]
    kept_objects = {name for each in ids[1:] for name in asyncio.run(find_backup(place, str(each))).objects()}
    assert set(asyncio.run(place.objects())) == kept_objects
    done = heddle("prune", "dev", "--keep", "1", "--yes")
    assert done.exit_code == 0, done.output
    assert asyncio.run(place.backups()) == ids[2:]
    assert heddle("verify", "dev").exit_code == 0
    assert "nothing to remove" in heddle("prune", "dev", "--keep", "1", "--yes").stdout


def _manifest(folder: Path) -> tuple[Path, dict[str, Any]]:
    path = next((folder / "kept/real/backups").glob("*/manifest.json"))
    return path, json.loads(path.read_text())


def test_backups_of_another_stack_are_left_alone(heddle: Heddle, tmp_path: Path) -> None:
    """Two stacks with an instance of the same name do not prune each other's backups."""
    backed_up(heddle)
    path, data = _manifest(tmp_path)
    path.write_text(json.dumps({**data, "stack": "prod"}))

    done = heddle("create", "dev")

    assert done.exit_code == 1
    assert "from stack 'prod'" in str(done.exception)


def test_a_channel_of_the_same_name_is_another_one(heddle: Heddle, instance: Network, tmp_path: Path) -> None:
    """Blocks of two channels never become one chain."""
    backed_up(heddle)
    path, data = _manifest(tmp_path)
    data["channels"]["channel"]["genesisHash"] = "ab" * 32
    path.write_text(json.dumps(data))

    done = heddle("create", "dev")

    assert done.exit_code == 1
    assert "another channel of that name" in str(done.exception)
    assert len(asyncio.run(kept(tmp_path).backups())) == 1


def test_a_shorter_channel_does_not_replace_a_longer_one(heddle: Heddle, tmp_path: Path) -> None:
    """After a restore to an older height the newest backup stays until somebody says where to."""
    backed_up(heddle)
    path, data = _manifest(tmp_path)
    channel = data["channels"]["channel"]
    channel["height"] += 5
    channel["blocks"][-1]["last"] += 5
    path.write_text(json.dumps(data))

    done = heddle("create", "dev")

    assert done.exit_code == 1
    assert "but the newest backup" in str(done.exception)


def test_what_a_backup_did_is_recorded(heddle: Heddle, tmp_path: Path) -> None:
    backed_up(heddle)

    done = CliRunner().invoke(app, ["log", "dev", "-C", str(tmp_path), "--json"])

    assert "backup create" in done.output


def test_a_restore_lays_out_what_an_orderer_has(
    heddle: Heddle, instance: Network, real_network: RealNetwork, tmp_path: Path, key: Path
) -> None:
    """The very blocks, in pieces that make whole files; who orders is what the last configuration says."""
    backed_up(heddle)
    manifest = asyncio.run(find_backup(kept(tmp_path), "newest"))
    reader, channel = Reader(kept(tmp_path), manifest, read_identity(key)), manifest.channels["channel"]

    async def laid_out() -> tuple[ProvedChannel, dict[str, bytes]]:
        proved = await prove_channel(reader, channel, standin=True, progress=lambda _: None)
        files: dict[str, bytes] = {}
        async for chunk in block_chunks(reader, channel, standin=True):
            assert chunk.offset == len(files.get(chunk.path, b""))
            files[chunk.path] = files.get(chunk.path, b"") + chunk.content
        return proved, files

    proved, files = asyncio.run(laid_out())

    found = {path: LedgerFile(size=len(it), sha256=sha256(it).hexdigest()) for path, it in files.items()}
    assert found == proved.files
    [content] = (it for path, it in files.items() if path.endswith("chains/channel/blockfile_000000"))
    blocks = list(blocks_in(content))
    assert block_hash(blocks[-1].header).hex() == channel.last_hash
    assert len(blocks) == channel.height
    assert set(proved.consenters) == {real_network.consenter(node).address for node in real_network.orderers}


def test_a_forged_block_is_not_restored(heddle: Heddle, tmp_path: Path, key: Path) -> None:
    """Every block is proved before anything is written."""
    backed_up(heddle)
    place = kept(tmp_path)
    forged = _forged(place, asyncio.run(find_backup(place, "newest")), key)
    manifest = asyncio.run(find_backup(place, forged))
    proving = prove_channel(
        Reader(place, manifest, read_identity(key)),
        manifest.channels["channel"],
        standin=True,
        progress=lambda _: None,
    )
    with pytest.raises(BackupError, match="block 3 does not hold"):
        asyncio.run(proving)
