"""What is found in the blocks of several nodes: damage, forgeries and differences, each by node and block."""

from functools import cache

import pytest
from fabric_protos.common import common_pb2
from google.protobuf.message import DecodeError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from heddle.configtx.blocks import block_hash, signatures_of
from heddle.configtx.envelope import signed_envelope
from heddle.configtx.ledgercheck import LedgerCheck
from heddle.embedded.fabric.orderer.blocks import metadata_signature, next_block, signed_block
from tests.configtx.networks import organization, trade
from tests.configtx.test_trust import block_of, config_envelope, genesis_of

Chain = tuple[common_pb2.Block, ...]


def data_block(before: common_pb2.Block, content: bytes, last_config: int) -> common_pb2.Block:
    client = organization("alpha").signer("client")
    envelope = signed_envelope(common_pb2.ENDORSER_TRANSACTION, "trade", content, client)
    block = next_block(before, [envelope], last_config=last_config, consenter_metadata=b"")
    signer = organization("orderer").signer("orderer")
    return signed_block(block, [metadata_signature(block, signer).SerializeToString()])


@cache
def chain() -> Chain:
    """Genesis, data, another configuration, data twice."""
    genesis, known = genesis_of(trade())
    blocks = [genesis, data_block(genesis, b"one", 0)]
    blocks.append(block_of(blocks[-1], config_envelope(known, trade(), messages=20)))
    blocks.append(data_block(blocks[-1], b"two", 2))
    blocks.append(data_block(blocks[-1], b"three", 2))
    return tuple(blocks)


def check() -> LedgerCheck:
    return LedgerCheck("trade", block_hash(chain()[0].header).hex())


def problems(**nodes: Chain) -> list[tuple[int, str, str]]:
    """Every problem of these nodes' chains: number, node, reason."""
    checking, found = check(), []
    for number in range(len(chain())):
        copies = {name: blocks[number] for name, blocks in nodes.items()}
        found += [(number, name, reason) for name, reason in checking.check(copies).items()]
    return found


def test_equal_chains_have_no_problem() -> None:
    """Two configurations are proved, the genesis block's and the one that changed it."""
    assert problems(a=chain(), b=chain()) == []
    checking = check()
    for block in chain():
        checking.check({"a": block})
    assert checking.configurations == 2


@settings(max_examples=50)
@given(st.data())
def test_a_flipped_bit_is_found_where_it_is(data: st.DataObject) -> None:
    """In header, data or signatures: that node's block is named, no other node's, and no other block."""
    number = data.draw(st.integers(0, len(chain()) - 1))
    original = chain()[number]
    raw = bytearray(original.SerializeToString())
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        block = common_pb2.Block.FromString(bytes(raw))
    except DecodeError:
        assume(False)
    proved_parts = (block.header, block.data, signatures_of(block))
    assume(proved_parts != (original.header, original.data, signatures_of(original)))
    assume(number or (block.header, block.data) != (original.header, original.data))  # nobody signs block 0
    damaged = (*chain()[:number], block, *chain()[number + 1 :])
    found = problems(sound=chain(), damaged=damaged)
    assert [(where, name) for where, name, _ in found] == [(number, "damaged")]


def test_a_damaged_node_alone_is_found_at_its_block() -> None:
    """Its other blocks still hold: they are signed."""
    block = common_pb2.Block()
    block.CopyFrom(chain()[3])
    block.data.data[0] = b"random"
    assert problems(a=(*chain()[:3], block, chain()[4])) == [(3, "a", "its data do not belong to its header")]


def test_a_fork_is_named_at_its_first_block() -> None:
    """Both blocks are signed and follow; what the fewer nodes have is the difference."""
    other = data_block(chain()[2], b"else", 2)
    fork = (*chain()[:3], other, data_block(other, b"three", 2))
    [(number, name, reason), (after, _, link)] = problems(a=chain(), b=chain(), c=fork)
    assert (number, name, after) == (3, "c", 4)
    assert block_hash(other.header).hex()[:16] in reason
    assert "previous hash" in link


def test_peers_that_judge_a_transaction_otherwise_are_named() -> None:
    """Orderers judge nothing, and do not count."""
    judged = []
    for code in (b"\x00", b"\x00", b"\x0b"):
        block = common_pb2.Block()
        block.CopyFrom(chain()[1])
        block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER] = code
        judged.append((chain()[0], block, *chain()[2:]))
    found = problems(orderer=chain(), a=judged[0], b=judged[1], c=judged[2])
    assert found == [(1, "c", "its transactions are judged otherwise: codes 0b, others have 00")]


@pytest.mark.parametrize("last_config", [1, 0])
def test_a_block_must_name_the_configuration_in_force(last_config: int) -> None:
    """Else a reader who follows it finds an old configuration."""
    wrong = data_block(chain()[2], b"two", last_config)
    [(number, _, reason), *_] = problems(a=(*chain()[:3], wrong, chain()[4]))
    assert number == 3
    assert reason == f"it names block {last_config} as the last configuration, which is block 2"
