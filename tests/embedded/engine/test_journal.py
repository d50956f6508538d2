"""Checkpoints: durable before a call, grouped, in an order that the CLI accepts."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from heddle.embedded.engine.journal import Journal
from heddle.errors import EngineError
from heddle.state.backend import Backend
from heddle.state.encryption import Crypter
from heddle.state.resource import Operation, Resource
from tests.embedded.engine.conftest import Lab


class Counting(Backend):
    """Counts writes, and lets them take a while."""

    writes = 0

    def save(self, document: str) -> None:
        self.writes += 1
        super().save(document)


def thing(name: str) -> Resource:
    return Resource(
        urn=f"urn:pulumi:dev::lab::test:index:Thing::{name}", type="test:index:Thing", custom=True
    )


async def test_a_call_begins_when_its_operation_is_on_disk(tmp_path: Path) -> None:
    """When `begin` returns, a reader of the file sees the operation pending."""
    backend = Backend(tmp_path, "lab", "dev")
    journal = Journal(backend=backend, crypter=Crypter("x"), resources={})
    operation = Operation(resource=thing("a"), type="creating")
    await journal.begin(operation)
    pending = backend.read()["pending_operations"]
    assert [(item["resource"]["urn"], item["type"]) for item in pending] == [
        (operation.resource.urn, "creating")
    ]
    journal.end(operation)
    journal.settle(None, operation.resource)
    await journal.durable()
    assert "pending_operations" not in backend.read()
    assert len(backend.read()["resources"]) == 1


async def test_a_hundred_beginnings_cost_two_writes(tmp_path: Path) -> None:
    """Operations that begin together share checkpoints."""
    backend = Counting(tmp_path, "lab", "dev")
    journal = Journal(backend=backend, crypter=Crypter("x"), resources={})
    await asyncio.gather(
        *(journal.begin(Operation(resource=thing(str(number)), type="creating")) for number in range(100))
    )
    assert backend.writes <= 2
    assert len(backend.read()["pending_operations"]) == 100


async def test_nothing_changed_writes_nothing(lab: Lab) -> None:
    """A run that changes nothing leaves the checkpoint alone, to the byte."""
    lab.program(
        'g = Group("g")\nThing("a", {"value": pulumi.Output.secret("x")}, pulumi.ResourceOptions(parent=g))'
    )
    assert not (await lab.up()).failed
    before = lab.checkpoint.read_bytes(), lab.checkpoint.stat().st_mtime_ns
    assert not (await lab.up()).failed
    assert (lab.checkpoint.read_bytes(), lab.checkpoint.stat().st_mtime_ns) == before


async def test_every_checkpoint_is_in_order(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every write: references point backwards, one state per URN that is not waiting to be deleted."""
    documents: list[str] = []
    save = Backend.save

    def keep(self: Backend, document: str) -> None:
        documents.append(document)
        save(self, document)

    program = """
    g = Group("g")
    a = Thing("a", {{"name": "a{0}", "value": "{0}"}}, pulumi.ResourceOptions(parent=g))
    b = Thing("b", {{"forceNew": a.made}}, pulumi.ResourceOptions(deleted_with=a))
    c = Thing("c", {{"unstable": a.made}})
    d = Thing("d", {{"forceNew": c.made}}, pulumi.ResourceOptions(depends_on=[g]))
    {1}
    """
    monkeypatch.setattr(Backend, "save", keep)
    for number, extra in (("1", 'Thing("x", {"value": d.made})'), ("2", ""), ("3", 'Thing("y")')):
        lab.program(program.format(number, extra))
        assert not (await lab.up()).failed, lab.messages()
    assert not (await lab.destroy()).failed
    assert len(documents) > 20
    for document in documents:
        _check_order(json.loads(document)["checkpoint"]["latest"].get("resources", []))


def _check_order(resources: list[dict[str, Any]]) -> None:
    """The rules of VerifyIntegrity in pkg/resource/deploy/snapshot.go."""
    seen: set[str] = set()
    providers: set[str] = set()
    live: set[str] = set()
    for item in resources:
        urn = str(item["urn"])
        references = [item.get("parent"), item.get("deletedWith"), *(item.get("dependencies") or [])]
        for urns in (item.get("propertyDependencies") or {}).values():
            references += urns
        assert all(reference in seen for reference in references if reference), (urn, references)
        if item.get("provider"):
            assert item["provider"] in providers, urn
        if str(item["type"]).startswith("pulumi:providers:"):
            providers.add(f"{urn}::{item['id']}")
        seen.add(urn)
        if not item.get("delete"):
            assert urn not in live
            live.add(urn)


async def test_a_full_disk_is_an_error_not_a_trace(tmp_path: Path) -> None:
    """When the state cannot be written, the operation does not begin, and the error says what to do."""
    backend = Backend(tmp_path, "lab", "dev")
    (tmp_path / ".pulumi").write_text("in the way")
    journal = Journal(backend=backend, crypter=Crypter("x"), resources={})
    with pytest.raises(EngineError, match="state cannot be written"):
        await journal.begin(Operation(resource=thing("a"), type="creating"))


async def test_a_compressed_checkpoint_that_stays_as_it_is(lab: Lab) -> None:
    """The CLI may have compressed the state; a run that changes nothing leaves it so."""
    lab.program('Thing("a")')
    assert not (await lab.up()).failed
    packed = lab.checkpoint.with_name("dev.json.gz")
    packed.write_bytes(gzip.compress(lab.checkpoint.read_bytes()))
    lab.checkpoint.unlink()

    assert not (await lab.up()).failed
    assert packed.exists()
    assert len(list((lab.folder / "state/.pulumi/history").rglob("*.checkpoint.json.gz"))) == 1
