"""Bringing a peer back: each step does only what is missing."""

from base64 import b64encode
from types import SimpleNamespace
from typing import Any

import pytest
from fabric_protos.common import common_pb2

from heddle.errors import ConfigtxError, FabricError, Refused, RunbookError
from heddle.fabric.definition import Approval as Given
from heddle.fabric.definition import Committed, Definition
from heddle.runbooks import rejoin
from heddle.runbooks.context import Approval, Package
from heddle.runbooks.rejoin import Rejoining
from tests.network.samples import sample_network

DEFINITION = Definition(name="assets", version="1.0", sequence=1)
APPROVAL = Approval(msp_id="OneMSP", channel="channel", name="assets", package_id="p")


class Connections:
    """Nodes that are always ready."""

    async def wait_until_ready(self, *_: object, **__: object) -> None:
        """They are."""


class Scene:
    """A peer that runs with an empty ledger."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.joined: tuple[str, ...] = ()
        self.installed: tuple[str, ...] = ()
        self.genesis_error = ""
        self.height = 5
        self.approved: list[Any] = []

        monkeypatch.setattr(rejoin.cscc, "channels", self._channels)
        monkeypatch.setattr(rejoin.cscc, "join_channel", self._join_channel)
        monkeypatch.setattr(rejoin.lifecycle, "installed", self._there)
        monkeypatch.setattr(rejoin.lifecycle, "install", self._install)
        monkeypatch.setattr(rejoin.lifecycle, "definition", self._definition)
        monkeypatch.setattr(rejoin.lifecycle, "approved", self._approved)
        monkeypatch.setattr(rejoin.orderer, "deliver_block", self._deliver_block)
        monkeypatch.setattr(rejoin.qscc, "chain_info", self._chain_info)
        monkeypatch.setattr(rejoin, "verify_genesis", self._verify)

    async def _channels(self, *_: object, **__: object) -> Any:
        return self.joined

    async def _join_channel(self, *arguments: Any, **_: object) -> None:
        self.done.append(f"join {arguments[2]}")

    async def _there(self, *_: object, **__: object) -> Any:
        return [SimpleNamespace(package_id=one) for one in self.installed]

    async def _install(self, *arguments: Any, **_: object) -> None:
        self.done.append(f"install {arguments[2]} {arguments[3].decode()}")

    async def _deliver_block(self, *arguments: Any, **_: object) -> Any:
        return common_pb2.Block(header=common_pb2.BlockHeader(number=4))

    async def _chain_info(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(height=self.height)

    async def _definition(self, *_: object, **__: object) -> Any:
        return Committed(definition=DEFINITION, approvals={"OneMSP": True})

    async def _approved(self, *_: object, **__: object) -> Any:
        answer = self.approved.pop(0) if len(self.approved) > 1 else self.approved[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _verify(self, *_: object) -> None:
        if self.genesis_error:
            raise ConfigtxError(self.genesis_error)

    def rejoining(self, *, patience: float = 5) -> Rejoining:
        """The peer of the first organization."""
        network = sample_network()
        return Rejoining(network, Connections(), network.instance.peers[0], patience=patience)  # type: ignore[arg-type]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A peer."""
    return Scene(monkeypatch)


async def test_missing_channels_are_joined_once(scene: Scene) -> None:
    """One that it has joined is left alone."""
    assert await scene.rejoining().join() == ["channel"]
    scene.joined = ("channel",)
    assert await scene.rejoining().join() == []
    assert scene.done == ["join channel"]


async def test_a_foreign_block_0_is_never_joined_with(scene: Scene) -> None:
    """Its hash is the stack's, or the channel is another; every orderer's answer is told."""
    scene.genesis_error = "block 0 has hash ff"

    with pytest.raises(RunbookError, match=r"no orderer handed out block 0 of channel.*\n.*has hash ff"):
        await scene.rejoining().join()
    assert scene.done == []


async def test_its_own_missing_packages_are_installed(scene: Scene) -> None:
    """Another peer's are not, nor those that it has."""
    content = b64encode(b"bytes").decode()
    packages = [
        Package(peer="peer0-one", label="a", package_id="a:1", content=content),
        Package(peer="peer0-one", label="b", package_id="b:1", content=content),
        Package(peer="peer0-two", label="c", package_id="c:1", content=content),
    ]
    scene.installed = ("b:1",)

    assert await scene.rejoining().install(packages) == ["a"]
    assert scene.done == ["install a bytes"]


async def test_it_is_level_with_the_orderers(scene: Scene) -> None:
    """One block may be missing: others go on meanwhile."""
    scene.height = 4

    assert await scene.rejoining().catch_up() == {"channel": 4}


async def test_a_peer_that_does_not_catch_up_is_told_with_its_height(scene: Scene) -> None:
    """And what to do: it goes on by itself."""
    scene.height = 2

    with pytest.raises(FabricError, match="channel: 2 of 5 blocks"):
        await scene.rejoining(patience=0.05).catch_up()


async def test_approvals_are_waited_for(scene: Scene) -> None:
    """A peer that has only their hash refuses to tell; another hands them over after a while."""
    missing = Refused("500", words="private data matching public hash version is not available")
    scene.approved = [missing, None, Given(definition=DEFINITION, package_id="p")]

    assert await scene.rejoining().know_approvals([APPROVAL]) == ["assets on channel"]


async def test_an_approval_that_nobody_has_is_told(scene: Scene) -> None:
    """With the way out that Fabric leaves: another sequence."""
    scene.approved = [None]

    with pytest.raises(FabricError, match="does not know its organization's approval") as error:
        await scene.rejoining(patience=0.05).know_approvals([APPROVAL])
    assert "raise the chaincode's sequence" in str(error.value)
