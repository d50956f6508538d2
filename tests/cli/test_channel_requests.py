"""`heddle channel sign` and `submit`: what is shown, asked and refused before anything is sent."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fabric_protos.common.common_pb2 import Block, BlockData, Envelope, Payload
from fabric_protos.common.configtx_pb2 import Config, ConfigEnvelope, ConfigUpdate
from fabric_protos.common.policies_pb2 import ImplicitMetaPolicy
from typer.testing import CliRunner, Result

from heddle.cli import channel_request, channel_submit
from heddle.cli.app import app
from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.elements import element_map, group_of
from heddle.configtx.genesis import genesis_block
from heddle.configtx.request import (
    new_request,
    request_from_bytes,
    request_to_bytes,
    sign_request,
    update_of,
)
from heddle.configtx.validate import changed_elements
from heddle.errors import ConfigtxError, EngineError, FabricError, HeddleError, Refused, Unreachable
from heddle.network import updates
from tests.contract.standins import prepared_standins
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.real.network import RealNetwork


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> RealNetwork:
    """Never started: only its keys and settings count."""
    return prepared_standins(tmp_path_factory.mktemp("n"), orderers=1, peers={"alpha": 1, "beta": 1})


@pytest.fixture
def config(network: RealNetwork) -> Config:
    return config_of(genesis_block(network.settings())).config


@pytest.fixture
def file(network: RealNetwork, config: Config, tmp_path: Path) -> Path:
    """A request to put beta off the channel."""
    settings = network.settings()
    settings = replace(settings, peer_organizations=settings.peer_organizations[:1])
    update = compute_update("channel", config, apply_settings(config, settings, None))
    request = new_request(update.SerializeToString(), config, summary=["what the sender says"])
    path = tmp_path / "request.json"
    path.write_bytes(request_to_bytes(request))
    return path


@pytest.fixture
def heddle(network: RealNetwork, config: Config, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    use_network(monkeypatch, network_of_processes(network))

    async def in_force(*_: object) -> Config:
        return config

    for command in (channel_request, channel_submit):
        monkeypatch.setattr(command, "read_config", in_force)
    return lambda *arguments, answer="": CliRunner().invoke(app, ["channel", *arguments], input=answer)


def test_what_it_really_does_is_shown_before_it_is_signed(heddle: Callable[..., Result], file: Path) -> None:
    """By the channel's configuration, not by the sender's words; no leaves it as it was."""
    before = file.read_bytes()
    done = heddle("sign", str(file), "--stack", "s", "--org", "beta", answer="n\n")
    assert done.exit_code == 1
    assert "peer organization beta: removed" in done.output
    assert "what the sender says" not in done.output
    assert file.read_bytes() == before
    done = heddle("sign", str(file), "--stack", "s", "--org", "beta", answer="y\n")
    assert done.exit_code == 0, done.output
    assert "still missing for /Channel/Application/Admins: AlphaMSP.admin" in done.output
    done = heddle("sign", str(file), "--stack", "s", "--yes")
    assert "no signature is missing" in done.output
    assert len(request_from_bytes(file.read_bytes()).signatures) == 2


def test_a_block_reviews_it_without_a_stack(
    heddle: Callable[..., Result], file: Path, network: RealNetwork, tmp_path: Path
) -> None:
    """An administrator elsewhere has no stack, but can fetch the channel's configuration."""
    block = tmp_path / "channel.block"
    block.write_bytes(genesis_block(network.settings()).SerializeToString())
    options = [*keys_of(network, "beta", tmp_path), "--config-block", str(block), "--yes"]
    done = heddle("sign", str(file), *options)
    assert "peer organization beta: removed" in done.output, done.output
    assert "NOT REVIEWED" not in done.output


def keys_of(network: RealNetwork, organization: str, folder: Path) -> list[str]:
    """The options with which an administrator signs without a stack."""
    admin = network.organizations[organization].admin
    options = ["--msp-id", admin.msp_id]
    for option, content in (("--certificate", admin.certificate), ("--key", admin.private_key)):
        path = folder / option.strip("-")
        path.write_bytes(content)
        options += [option, str(path)]
    return options


def test_nothing_is_signed_unseen(
    heddle: Callable[..., Result], file: Path, network: RealNetwork, tmp_path: Path
) -> None:
    """Without a configuration only with --unreviewed, whatever --yes says; then it is called unreviewed."""
    keys, before = keys_of(network, "beta", tmp_path), file.read_bytes()
    for answer in (("--yes",), ()):
        done = heddle("sign", str(file), *keys, *answer, answer="y\n")
        assert isinstance(done.exception, ConfigtxError)
        assert "--unreviewed" in done.exception.hint
        assert file.read_bytes() == before
    done = heddle("sign", str(file), *keys, "--unreviewed", "--yes")
    assert "NOT REVIEWED" in done.output, done.exception
    assert "what the sender says" in done.output
    assert len(request_from_bytes(file.read_bytes()).signatures) == 1


def test_orderers_that_are_silent_leave_nothing_to_review(
    heddle: Callable[..., Result], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without a stack: their cause is named, and it is signed only with --unreviewed."""

    async def silent(*_: object) -> Config:
        raise Unreachable("orderer0: no answer")

    monkeypatch.setattr(channel_request, "read_config", silent)
    sign = ("sign", str(file), "--stack", "s", "--org", "beta", "--yes")
    done = heddle(*sign)
    assert "orderer0: no answer" in str(done.exception)
    assert "NOT REVIEWED" in heddle(*sign, "--unreviewed").output


def test_a_block_of_another_channel_reviews_nothing(
    heddle: Callable[..., Result], file: Path, network: RealNetwork, tmp_path: Path
) -> None:
    """Its configuration may fit the update by chance, and says nothing about the channel that changes."""
    block = tmp_path / "other.block"
    other = replace(network.settings(), channel="other")
    block.write_bytes(genesis_block(other).SerializeToString())
    keys = keys_of(network, "beta", tmp_path)
    done = heddle("sign", str(file), *keys, "--config-block", str(block), "--yes", "--unreviewed")
    assert isinstance(done.exception, ConfigtxError)
    assert "is of channel other, expected channel" in str(done.exception)


def test_what_gets_weaker_stands_on_top(
    heddle: Callable[..., Result], network: RealNetwork, config: Config, tmp_path: Path
) -> None:
    """Before everything else, then the element itself, old and new."""
    target = Config.FromString(config.SerializeToString())
    policies = target.channel_group.groups["Application"].policies
    policies["Admins"].policy.value = ImplicitMetaPolicy(sub_policy="Writers").SerializeToString()
    update = compute_update("channel", config, target).SerializeToString()
    path = tmp_path / "weaker.json"
    path.write_bytes(request_to_bytes(new_request(update, config, summary=["batch timeout: 2s → 3s"])))
    done = heddle("sign", str(path), "--stack", "s", "--org", "beta", answer="n\n")
    lines = done.output.splitlines()
    words = "MAJORITY Admins → ANY Writers"
    assert lines[2] == f"  may be weaker: policy /Channel/Application/Admins: {words}"
    assert f"    policy: {words}" in lines
    assert "batch timeout" not in done.output


def test_nothing_is_sent_while_signatures_are_missing(heddle: Callable[..., Result], file: Path) -> None:
    """They are named by policy."""
    done = heddle("submit", str(file), "--stack", "s", "--yes")
    assert isinstance(done.exception, ConfigtxError)
    assert "/Channel/Application/Admins: MISSING 2 of (AlphaMSP.admin, BetaMSP.admin)" in str(done.exception)


@pytest.fixture
def signed(file: Path, network: RealNetwork) -> Path:
    request = request_from_bytes(file.read_bytes())
    for name in ("alpha", "beta"):
        request = sign_request(request, network.organizations[name].admin)
    file.write_bytes(request_to_bytes(request))
    return file


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, network: RealNetwork) -> list[FabricError]:
    """What two orderers answer to an update, one after the other."""
    answers: list[FabricError] = []

    async def broadcast(*_: object, **__: object) -> None:
        if answers:
            raise answers.pop(0)

    monkeypatch.setattr(updates, "broadcast", broadcast)
    running = network_of_processes(network)
    twice = replace(running.instance, orderers=running.instance.orderers * 2)
    use_network(monkeypatch, replace(running, instance=twice))
    return answers


def _in_force(monkeypatch: pytest.MonkeyPatch, genesis: Block, *configs: Config) -> None:
    """What orderers hand out as the configuration in force, look by look."""
    blocks = [_block(genesis, config) for config in configs]

    async def look(*_: object, **__: object) -> Block:
        return blocks.pop(0) if len(blocks) > 1 else blocks[0]

    for name in ("config_block_now", "config_block_once_led", "newest_config_block"):
        monkeypatch.setattr(updates, name, look)


def _block(genesis: Block, config: Config) -> Block:
    envelope = Envelope.FromString(genesis.data.data[0])
    payload = Payload.FromString(envelope.payload)
    payload.data = ConfigEnvelope(config=config).SerializeToString()
    envelope.payload = payload.SerializeToString()
    return Block(header=genesis.header, data=BlockData(data=[envelope.SerializeToString()]))


def _after(config: Config, update: ConfigUpdate) -> Config:
    elements = {**element_map(config.channel_group), **changed_elements(config, update)}
    return Config(sequence=config.sequence + 1, channel_group=group_of(elements))


STALE = [
    Refused("stale", status=400, words=words)
    for words in (
        "proposed update requires that key [Value]  /Channel/x be at version 0, but it is at version 1",
        "attempt to set key [Value]  /Channel/x to version 1, but key is at version 1",
        "existing config does not contain element for [Group]  /Channel/x but was in the read set",
    )
]
"""In Fabric's words (common/configtx/update.go): of elements that an update reads, writes and misses."""


@pytest.mark.parametrize("stale", STALE, ids=["read", "written", "removed"])
def test_an_answer_that_was_lost_is_no_refusal(
    heddle: Callable[..., Result],
    signed: Path,
    config: Config,
    network: RealNetwork,
    answers: list[FabricError],
    monkeypatch: pytest.MonkeyPatch,
    stale: Refused,
) -> None:
    """The first orderer took it without a word, so the next one finds it stale: it is in force."""
    after = _after(config, update_of(request_from_bytes(signed.read_bytes()).update))
    _in_force(monkeypatch, genesis_block(network.settings()), config, config, config, after)
    answers += [Unreachable("no answer"), stale]
    done = heddle("submit", str(signed), "--stack", "s", "--yes")
    assert "configuration 1 is in force" in done.output, done.exception


@pytest.mark.parametrize(
    "refused", [*([each] for each in STALE), []], ids=["read", "written", "removed", "taken, and dropped"]
)
def test_another_update_that_came_first_is_not_called_this_one(
    heddle: Callable[..., Result],
    signed: Path,
    config: Config,
    network: RealNetwork,
    answers: list[FabricError],
    monkeypatch: pytest.MonkeyPatch,
    refused: list[Refused],
) -> None:
    """A newer configuration is in force, without what this request wanted: it says so."""
    settings = network.settings()
    settings = replace(settings, peer_organizations=settings.peer_organizations[1:])
    other = compute_update("channel", config, apply_settings(config, settings, None))
    genesis = genesis_block(network.settings())
    _in_force(monkeypatch, genesis, config, _after(config, other))
    answers += refused
    done = heddle("submit", str(signed), "--stack", "s", "--yes")
    assert isinstance(done.exception, ConfigtxError), done.output
    assert "another update came first: configuration 1 is in force, without this one" in str(done.exception)


def test_who_signs_must_be_said(heddle: Callable[..., Result], file: Path) -> None:
    """A stack, or a key with its certificate and organization."""
    done = heddle("sign", str(file), "--msp-id", "BetaMSP")
    assert done.exit_code == 2
    assert "who signs?" in done.output


def test_what_is_no_request_is_named(heddle: Callable[..., Result], tmp_path: Path) -> None:
    """Files come from others."""
    for content in (b"\x00\x01", b"{}", b"{" * 100_000):
        path = tmp_path / "file"
        path.write_bytes(content)
        done = heddle("sign", str(path), "--stack", "s")
        assert isinstance(done.exception, ConfigtxError), done.output
        assert str(path) in str(done.exception)
    (tmp_path / "file").write_bytes(b"\x00")
    assert isinstance(heddle("submit", str(tmp_path / "file"), "--stack", "s").exception, ConfigtxError)


def test_an_organization_without_keys_here(
    heddle: Callable[..., Result], file: Path, network: RealNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's organization cannot sign here; where all are, there is another way."""
    running = network_of_processes(network)
    use_network(monkeypatch, replace(running, access=replace(running.access, user_keys={})))
    done = heddle("sign", str(file), "--stack", "s", "--yes")
    assert isinstance(done.exception, EngineError)
    assert "sign with --msp-id" in str(done.exception)
    done = heddle("sign", str(file), "--stack", "s", "--org", "beta", "--yes")
    assert isinstance(done.exception, HeddleError)
