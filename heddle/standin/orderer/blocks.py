"""Making blocks: the next one's content, and the metadata that each orderer signs for itself.

Source: orderer/common/multichannel/blockwriter.go (Fabric 3.1.5).
"""

from collections.abc import Sequence

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import block_hash, data_hash, header_bytes
from heddle.configtx.envelope import signature_header
from heddle.identity.signer import Signer

__all__ = ["next_block", "signed_block"]


def next_block(previous: common_pb2.BlockHeader, messages: Sequence[common_pb2.Envelope]) -> common_pb2.Block:
    """The block after `previous`, with empty metadata."""
    block = common_pb2.Block()
    block.data.data.extend(message.SerializeToString() for message in messages)
    block.header.number = previous.number + 1
    block.header.previous_hash = block_hash(previous)
    block.header.data_hash = data_hash(block.data)
    block.metadata.metadata.extend([b""] * len(common_pb2.BlockMetadataIndex.keys()))
    return block


def signed_block(block: common_pb2.Block, last_config: int, signer: Signer) -> common_pb2.Block:
    """A copy with LAST_CONFIG and SIGNATURES filled in by this orderer."""
    signed = common_pb2.Block()
    signed.CopyFrom(block)
    last = common_pb2.LastConfig(index=last_config)
    value = common_pb2.OrdererBlockMetadata(
        last_config=last, consenter_metadata=common_pb2.Metadata().SerializeToString()
    ).SerializeToString()
    header = signature_header(signer)
    signature = signer.sign(value + header + header_bytes(block.header))
    metadata = common_pb2.Metadata(value=value)
    metadata.signatures.add(signature_header=header, signature=signature)
    signed.metadata.metadata[common_pb2.SIGNATURES] = metadata.SerializeToString()
    signed.metadata.metadata[common_pb2.LAST_CONFIG] = common_pb2.Metadata(
        value=last.SerializeToString()
    ).SerializeToString()
    return signed
