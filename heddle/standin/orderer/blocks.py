"""Making blocks: the next one's content, and the metadata that orderers sign.

Source: orderer/common/multichannel/blockwriter.go (Fabric 3.1.5).
"""

from collections.abc import Sequence

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import block_hash, data_hash, header_bytes, is_config_block
from heddle.configtx.envelope import signature_header
from heddle.identity.signer import Signer

__all__ = ["metadata_signature", "next_block", "signed_block"]


def next_block(
    previous: common_pb2.Block, messages: Sequence[common_pb2.Envelope], last_config: int
) -> common_pb2.Block:
    """The block after `previous`, complete but for signatures; `last_config` is that of blocks so far."""
    block = common_pb2.Block()
    block.data.data.extend(message.SerializeToString() for message in messages)
    block.header.number = previous.header.number + 1
    block.header.previous_hash = block_hash(previous.header)
    block.header.data_hash = data_hash(block.data)
    last = common_pb2.LastConfig(index=block.header.number if is_config_block(block) else last_config)
    value = common_pb2.OrdererBlockMetadata(
        last_config=last, consenter_metadata=common_pb2.Metadata().SerializeToString()
    )
    slots = [b""] * len(common_pb2.BlockMetadataIndex.keys())
    slots[common_pb2.SIGNATURES] = _metadata(value.SerializeToString()).SerializeToString()
    slots[common_pb2.LAST_CONFIG] = _metadata(last.SerializeToString()).SerializeToString()
    block.metadata.metadata.extend(slots)
    return block


def metadata_signature(block: common_pb2.Block, signer: Signer) -> common_pb2.MetadataSignature:
    """An orderer's signature of the block's header and metadata."""
    value = _signatures(block).value
    header = signature_header(signer)
    signature = signer.sign(value + header + header_bytes(block.header))
    return common_pb2.MetadataSignature(signature_header=header, signature=signature)


def signed_block(block: common_pb2.Block, signatures: Sequence[bytes]) -> common_pb2.Block:
    """A copy with these signatures (`common.MetadataSignature` bytes)."""
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
