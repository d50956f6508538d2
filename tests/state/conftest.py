"""A project without a program, its state in a folder of its own."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from heddle.state import encryption
from heddle.state.backend import Backend
from heddle.state.encryption import Crypter
from heddle.state.resource import Resource, dump_resource

PASSPHRASE = "correct horse"
STACK = "urn:pulumi:dev::lab::pulumi:pulumi:Stack::lab-dev"
PROVIDER = "urn:pulumi:dev::lab::pulumi:providers:test::default"


class Shelf:
    """A project `lab` with a stack `dev`, and where its state is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = Backend(folder / "state", "lab", "dev")
        self.locks = folder / "state" / ".pulumi" / "locks" / "organization" / "lab" / "dev"
        (folder / "Pulumi.yaml").write_text("name: lab\nruntime: python\n")

    def stack_file(self, text: str) -> None:
        (self.folder / "Pulumi.dev.yaml").write_text(textwrap.dedent(text))

    @property
    def checkpoint(self) -> Path:
        return self.backend.checkpoint

    def document(self, resources: Sequence[Resource], *, creating: Resource | None = None) -> str:
        """Return a checkpoint's text."""
        crypter = Crypter(PASSPHRASE)
        texts = [dump_resource(resource, crypter) for resource in resources]
        pending = [f'{{"resource":{dump_resource(creating, crypter)},"type":"creating"}}'] if creating else []
        return self.backend.document(texts, pending, crypter.salt)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'state'}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    return Shelf(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in no time: many salts are tried."""
    monkeypatch.setattr(encryption, "_ITERATIONS", 1)
