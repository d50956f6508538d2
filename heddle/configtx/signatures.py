"""The signatures of a BFT channel's blocks: what each consenter signs, and how they stand in the metadata.

A Raft block carries one signature with its creator; a BFT block a quorum of them, each with only the number
that the consenter has in the channel's mapping. Source: orderer/consensus/smartbft/{signer,chain}.go,
SmartBFT smartbftprotos/messages.proto (Fabric 3.1.5).
"""

from collections.abc import Iterable, Iterator

from fabric_protos.common import common_pb2

from heddle.configtx import values
from heddle.configtx.blocks import header_bytes
from heddle.configtx.envelope import new_nonce
from heddle.identity.signer import Signer

__all__ = ["consenter_signature", "orderer_metadata", "signatures_metadata", "view_metadata"]


def orderer_metadata(last_config: int, consenter_metadata: bytes) -> bytes:
    """`common.OrdererBlockMetadata`: the value that every consenter signs together with the header.

    Args:
        last_config: number of the newest configuration block, this one included.
        consenter_metadata: with BFT `view_metadata`, as it is; Raft wraps its own in a `common.Metadata`.
    """
    message = common_pb2.OrdererBlockMetadata(
        last_config=common_pb2.LastConfig(index=last_config), consenter_metadata=consenter_metadata
    )
    return bytes(message.SerializeToString())


def consenter_signature(
    header: common_pb2.BlockHeader, value: bytes, consenter_id: int, signer: Signer
) -> bytes:
    """One consenter's signature (`common.MetadataSignature`) of a block.

    Args:
        header: the block's.
        value: what `orderer_metadata` made of it; the same for all consenters.
        consenter_id: the signer's number in the channel's mapping.
        signer: whose certificate the mapping names under that number.
    """
    identifier = common_pb2.IdentifierHeader(identifier=consenter_id, nonce=new_nonce()).SerializeToString()
    signature = signer.sign(value + identifier + header_bytes(header))
    message = common_pb2.MetadataSignature(identifier_header=identifier, signature=signature)
    return bytes(message.SerializeToString())


def signatures_metadata(value: bytes, signatures: Iterable[bytes]) -> bytes:
    """The content of the block's SIGNATURES slot (`common.Metadata`). Raises ConfigtxError."""
    message = common_pb2.Metadata(value=value)
    message.signatures.extend(
        values.parse(common_pb2.MetadataSignature(), one, "a block's signature") for one in signatures
    )
    return bytes(message.SerializeToString())


def view_metadata(
    *, view_id: int = 0, latest_sequence: int = 0, decisions_in_view: int = 0, previous_digest: bytes = b""
) -> bytes:
    """`smartbftprotos.ViewMetadata`, for which there are no generated classes in Python."""
    numbers = enumerate((view_id, latest_sequence, decisions_in_view), start=1)
    content = b"".join(bytes([number << 3, *_varint(value)]) for number, value in numbers if value)
    if previous_digest:
        content += bytes([5 << 3 | 2, *_varint(len(previous_digest))]) + previous_digest
    return content


def _varint(value: int) -> Iterator[int]:
    while value > 0x7F:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value
