"""Make blocks: the next one's content, and the metadata that orderers sign.

Raft: the orderer that writes a block signs it. BFT: each of a quorum does, named by its number in the
consenter mapping. Source: orderer/common/multichannel/blockwriter.go,
orderer/consensus/smartbft/{assembler,signer}.go (Fabric 3.1.5).
"""

from collections.abc import Sequence

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import block_hash, data_hash, header_bytes, is_config_block
from heddle.configtx.envelope import new_nonce, signature_header
from heddle.identity.signer import Signer

__all__ = ["consenter_metadata_of", "metadata_signature", "next_block", "signed_block"]


def next_block(
    previous: common_pb2.Block,
    messages: Sequence[common_pb2.Envelope],
    *,
    last_config: int,
    consenter_metadata: bytes,
) -> common_pb2.Block:
    """Return the block after `previous`, complete but for signatures.

    Args:
        previous: the newest block.
        messages: one configuration, or others.
        last_config: number of the newest configuration block up to `previous`.
        consenter_metadata: what this kind of consensus notes of itself in each block.
    """
    block = common_pb2.Block()
    block.data.data.extend(message.SerializeToString() for message in messages)
    block.header.number = previous.header.number + 1
    block.header.previous_hash = block_hash(previous.header)
    block.header.data_hash = data_hash(block.data)
    last = common_pb2.LastConfig(index=block.header.number if is_config_block(block) else last_config)
    value = common_pb2.OrdererBlockMetadata(last_config=last, consenter_metadata=consenter_metadata)
    slots = [b""] * len(common_pb2.BlockMetadataIndex.keys())
    slots[common_pb2.SIGNATURES] = _metadata(value.SerializeToString()).SerializeToString()
    slots[common_pb2.LAST_CONFIG] = _metadata(last.SerializeToString()).SerializeToString()
    block.metadata.metadata.extend(slots)
    return block


def metadata_signature(
    block: common_pb2.Block, signer: Signer, *, identifier: int = 0
) -> common_pb2.MetadataSignature:
    """Sign a block's header and metadata as an orderer does; with `identifier` as BFT has it."""
    signature = common_pb2.MetadataSignature()
    if identifier:
        header = common_pb2.IdentifierHeader(identifier=identifier, nonce=new_nonce()).SerializeToString()
        signature.identifier_header = header
    else:
        header = signature_header(signer)
        signature.signature_header = header
    signature.signature = signer.sign(_signatures(block).value + header + header_bytes(block.header))
    return signature


def signed_block(block: common_pb2.Block, signatures: Sequence[bytes]) -> common_pb2.Block:
    """Return a copy with these signatures (`common.MetadataSignature` bytes)."""
    signed = common_pb2.Block()
    signed.CopyFrom(block)
    metadata = _metadata(_signatures(block).value)
    metadata.signatures.extend(common_pb2.MetadataSignature.FromString(data) for data in signatures)
    signed.metadata.metadata[common_pb2.SIGNATURES] = metadata.SerializeToString()
    return signed


def _metadata(value: bytes) -> common_pb2.Metadata:
    return common_pb2.Metadata(value=value)


def _signatures(block: common_pb2.Block) -> common_pb2.Metadata:
    return common_pb2.Metadata.FromString(block.metadata.metadata[common_pb2.SIGNATURES])


def consenter_metadata_of(block: common_pb2.Block) -> bytes:
    """Return the note that consensus left of itself in a block."""
    value = _signatures(block).value
    return bytes(common_pb2.OrdererBlockMetadata.FromString(value).consenter_metadata)
