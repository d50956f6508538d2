"""Opening a stack's network from its state on disk."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import EngineError
from heddle.network.network import open_network
from heddle.network.requests import CHANNEL_TYPE
from heddle.planner.operations import Operation
from heddle.plugin.values import Properties, Secret
from heddle.schema.channel import CHANNEL
from heddle.state.backend import Backend
from heddle.state.encryption import Crypter
from heddle.state.log import recorded
from heddle.state.serialization import dump, dump_properties
from heddle.state.urn import ROOT_TYPE
from tests.network.samples import encrypted_old_instance, plain_access, plain_instance, sample_network

PASSPHRASE = "of the test"


class StackOnDisk:
    """A project with the state of one stack, which has outputs and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        (self.folder / "stacks").mkdir(parents=True)
        (self.folder / "Pulumi.yaml").write_text("name: fabric\nruntime: python\nstackConfigDir: stacks\n")
        (self.folder / "stacks/Pulumi.dev.yaml").write_text("config: {}\n")
        self.backend = Backend(folder / "state", "fabric", "dev")
        self.crypter = Crypter(PASSPHRASE)

    def save(self, outputs: Properties) -> None:
        """Write the outputs as an `up` does."""
        root: dict[str, Any] = {
            "urn": f"urn:pulumi:dev::fabric::{ROOT_TYPE}::fabric-dev",
            "custom": False,
            "type": ROOT_TYPE,
            "outputs": dump_properties(outputs, self.crypter, "outputs"),
        }
        self.backend.begin()
        self.backend.save(self.backend.document([dump(root)], [], self.crypter.salt))

    def replace_output(self, name: str, value: object) -> None:
        """Change an output in the file, as somebody who does not know the passphrase can."""
        state = json.loads(self.backend.checkpoint.read_text())
        state["checkpoint"]["latest"]["resources"][0]["outputs"][name] = value
        self.backend.checkpoint.write_text(json.dumps(state))


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackOnDisk:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    return StackOnDisk(tmp_path)


def test_a_network_is_read_from_the_state(stack: StackOnDisk) -> None:
    """Both outputs, decrypted; nothing secret is in the file in clear."""
    stack.save({"instance": plain_instance(), "access": Secret(plain_access())})

    assert open_network("dev", stack.folder) == sample_network()
    assert "key of" not in stack.backend.checkpoint.read_text()


def test_the_state_of_an_older_heddle_opens(stack: StackOnDisk) -> None:
    """All of it was in one output, its secrets encrypted one by one."""
    stack.save({"instance": encrypted_old_instance()})

    assert open_network("dev", stack.folder) == sample_network()


def test_credentials_planted_in_the_state_are_not_used(stack: StackOnDisk) -> None:
    """A kubeconfig may name a command: it must have been encrypted with the stack's passphrase."""
    stack.save({"instance": plain_instance(), "access": Secret(plain_access())})
    stack.replace_output("access", plain_access() | {"kubeconfig": "planted"})

    with pytest.raises(EngineError, match="output `access` is not encrypted"):
        open_network("dev", stack.folder)


@contextmanager
def run_of_another(stack: StackOnDisk, verb: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have another process of this machine hold the lock."""
    me = os.getpid()
    with stack.backend.locked(), recorded(stack.backend, verb):
        monkeypatch.setattr(os, "getpid", lambda: me + 1)
        yield
        monkeypatch.setattr(os, "getpid", lambda: me)


def test_what_a_run_of_others_forbids_is_refused_with_who_it_is(
    stack: StackOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction is lost while somebody destroys the instance; looking does no harm."""
    stack.save({"instance": plain_instance(), "access": Secret(plain_access())})
    with run_of_another(stack, "destroy", monkeypatch):
        network = open_network("dev", stack.folder)
    network.expect(Operation.ASK)
    with pytest.raises(EngineError, match="send a transaction: the instance is being deleted: `destroy` by "):
        network.expect(Operation.INVOKE)

    with run_of_another(stack, "up", monkeypatch):
        network = open_network("dev", stack.folder)
    network.expect(Operation.INVOKE)
    with pytest.raises(
        EngineError, match="submit a channel update: somebody else changes the instance: `up`"
    ):
        network.expect(Operation.SUBMIT)


def test_ones_own_run_forbids_nothing(stack: StackOnDisk) -> None:
    """Nor does one that has ended."""
    stack.save({"instance": plain_instance(), "access": Secret(plain_access())})
    with stack.backend.locked(), recorded(stack.backend, "up"):
        network = open_network("dev", stack.folder)
    network.expect(Operation.SUBMIT)
    open_network("dev", stack.folder).expect(Operation.SUBMIT)


def test_of_a_first_up_that_goes_on_it_is_told(stack: StackOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that somebody should make the network."""
    stack.save({})
    with (
        run_of_another(stack, "up", monkeypatch),
        pytest.raises(EngineError, match="no network yet: creating: `up` by "),
    ):
        open_network("dev", stack.folder)
    with pytest.raises(EngineError, match="Make it: heddle up dev"):
        open_network("dev", stack.folder)


def test_what_is_looked_for_in_a_state_is_the_declared_type_of_channels() -> None:
    """Else requests for signatures, proved blocks and drift of every channel would be missed in silence."""
    assert CHANNEL.type == CHANNEL_TYPE
