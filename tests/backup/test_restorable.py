"""A restore refuses what is not this stack's, and what could not order or would lose what others have."""

from dataclasses import replace
from typing import Any

import pytest
from fabric_protos.common.common_pb2 import Block

from heddle.backup.restoring.ledgers import ProvedChannel
from heddle.backup.restoring.wanted import Made, Wanted, expect_own_backup, expect_restorable
from heddle.configtx.settings import ChannelSettings, Consenter
from heddle.errors import BackupError
from heddle.spec import Instance
from heddle.topology import Topology, plan
from tests.backup.samples import channel, manifest

GENESIS = "00" * 32


def topology(**changes: Any) -> Topology:
    values = {
        "name": "demo",
        "ordering": {"nodes": 3},
        "organizations": [{"name": "org1"}],
        **changes,
    }
    return plan(Instance.model_validate(values))


def wanted(of: Topology, **changes: Any) -> Wanted:
    def claim(node: Any) -> Made:
        spec = {"storageClassName": node.storage_class} if node.storage_class else {}
        return Made(manifest={"metadata": {"name": node.name}, "spec": spec}, manager="m")

    made = Wanted(
        ownership={},
        namespace=Made(manifest={"metadata": {"name": of.namespace}}, manager="m"),
        claims={node.name: claim(node) for node in of.stored},
        statefulsets={node.name: {} for node in of.stored},
        genesis={"trade": GENESIS},
    )
    return replace(made, **changes)


def ordered_by(*addresses: str) -> ChannelSettings:
    consenters = [
        Consenter(host=host, port=int(port), client_tls_certificate=b"", server_tls_certificate=b"")
        for host, _, port in (each.rpartition(":") for each in addresses)
    ]
    return ChannelSettings(
        channel="trade", orderer_organizations=(), peer_organizations=(), consenters=tuple(consenters)
    )


def proved(of: Topology, *others: str) -> ProvedChannel:
    addresses = tuple(node.address for node in of.ordering.nodes)
    return ProvedChannel(backup=channel(), settings=ordered_by(*addresses, *others), files={}, last=Block())


def test_what_was_backed_up_is_restorable() -> None:
    """Into the namespace that it was in; with a state of its own beside it, or without."""
    found = topology()
    expect_own_backup(manifest(), found, project="fabric", stack="dev", standin=True)
    for known in ({}, {"trade": GENESIS}, {"later": "ff" * 32}):
        expect_restorable(wanted(found), found, [proved(found)], known)


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "another stack's": ({"stack": "prod"}, "is of stack 'prod'"),
    "another project's": ({"project": "other"}, "of project 'other'"),
    "another instance's": ({"instance": "x"}, "is of instance 'x'"),
    "another namespace's": ({"namespace": "elsewhere"}, "in namespace 'elsewhere'"),
    "Fabric's own nodes'": ({"standin": False}, "is of Fabric's nodes"),
}


@pytest.mark.parametrize(("changes", "words"), OTHERS.values(), ids=OTHERS)
def test_the_backup_of_something_else_is_refused(changes: dict[str, Any], words: str) -> None:
    """Before anything is read of it."""
    with pytest.raises(BackupError, match=words):
        expect_own_backup(manifest(**changes), topology(), project="fabric", stack="dev", standin=True)


@pytest.mark.parametrize("whose", ["backup", "stack"])
def test_another_networks_genesis_is_refused(whose: str) -> None:
    """A network that was made anew under the same name has another genesis block."""
    found = topology()
    other = {"trade": "ff" * 32}
    state = wanted(found, genesis=other) if whose == "backup" else wanted(found)
    with pytest.raises(BackupError, match="they are two networks"):
        expect_restorable(state, found, [proved(found)], other if whose == "stack" else {})


def test_a_channel_that_others_order_too_is_refused() -> None:
    """Their nodes live and have a newer ledger; a node of this stack's is missing in today's file."""
    found = topology()
    with pytest.raises(BackupError, match=r"also ordered by orderer9\.example\.org:7050"):
        expect_restorable(wanted(found), found, [proved(found, "orderer9.example.org:7050")], {})
    fewer = topology(ordering={"nodes": [0, 1, 3]})
    with pytest.raises(BackupError, match=r"orderer2-orderer.*the stack file does not name"):
        expect_restorable(wanted(found), fewer, [proved(found)], {})


def test_a_channel_without_blocks_is_refused() -> None:
    """The state would name a channel that no orderer has."""
    found = topology()
    with pytest.raises(BackupError, match="no blocks of channel more"):
        expect_restorable(
            wanted(found, genesis={"trade": GENESIS, "more": GENESIS}), found, [proved(found)], {}
        )


def test_another_class_of_volumes_is_refused() -> None:
    """It would show only in `up`, as a claim that has to be replaced with all that is on it."""
    found = topology()
    other = topology(storage={"class": "fast"})
    with pytest.raises(BackupError, match="a volume of class fast"):
        expect_restorable(wanted(found), other, [proved(found)], {})
