"""Which ids the stand-ins note for consenters in Raft's blocks."""

from fabric_protos.common import common_pb2

from heddle.configtx.raft import raft_ids, raft_metadata_of
from heddle.configtx.settings import Consenter
from heddle.embedded.fabric.orderer.blocks import next_block
from heddle.embedded.fabric.orderer.raftnote import next_note

A, B, C, D = (
    Consenter(host=name, port=1, client_tls_certificate=b"1", server_tls_certificate=b"1") for name in "abcd"
)
GENESIS = common_pb2.Block()


def _after(newest: common_pb2.Block, before: list[Consenter], after: list[Consenter]) -> common_pb2.Block:
    note = next_note(newest, before, after)
    return next_block(newest, [common_pb2.Envelope()], last_config=0, consenter_metadata=note)


def test_ids_count_from_one() -> None:
    """In the order of the configuration; the genesis block has none."""
    assert list(raft_metadata_of(GENESIS).consenter_ids) == []
    assert raft_ids(_after(GENESIS, [A, B, C], [A, B, C]), [A, B, C]) == {"a:1": 1, "b:1": 2, "c:1": 3}


def test_an_id_is_given_once() -> None:
    """Who comes after another has gone is not taken for that one."""
    two = _after(GENESIS, [A, B, C], [A, B])
    three = _after(two, [A, B], [A, D, B])

    assert raft_ids(three, [A, D, B]) == {"a:1": 1, "d:1": 4, "b:1": 2}


def test_a_new_certificate_keeps_the_id() -> None:
    """One goes and one comes in the same block: Raft goes on with the same node."""
    renewed = Consenter(host="b", port=1, client_tls_certificate=b"2", server_tls_certificate=b"2")

    block = _after(GENESIS, [A, B, C], [A, renewed, C])

    assert raft_ids(block, [A, renewed, C])["b:1"] == 2
