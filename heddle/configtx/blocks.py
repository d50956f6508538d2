"""Hash blocks, say what is inside, and whether they can be believed.

Source: protoutil/blockutils.go (Fabric 3.1.5).
"""

import hashlib
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2

from heddle.configtx import values
from heddle.configtx.bft import mapping_of
from heddle.configtx.policies import SignedData, signed_data_refusal
from heddle.errors import ConfigtxError
from heddle.identity.lowlevel import der
from heddle.identity.signer import serialized_identity
from heddle.text import escaped

__all__ = [
    "block_hash",
    "channel_of",
    "check_data",
    "commit_hash",
    "config_of",
    "config_of_channel",
    "data_hash",
    "header_bytes",
    "is_config_block",
    "last_config_index",
    "signatures_of",
    "verify_block",
    "verify_genesis",
]

BLOCK_VALIDATION: Final = "/Channel/Orderer/BlockValidation"
MAX_SIGNATURES: Final = 1000
"""Each costs a verification, and a block comes from others: many more than any channel has consenters."""


def header_bytes(header: common_pb2.BlockHeader) -> bytes:
    """Return the header in DER: SEQUENCE of INTEGER number, OCTET STRINGs previous hash and data hash."""
    # One byte more than needed where the top bit is set: DER's integers are signed.
    number = header.number.to_bytes(header.number.bit_length() // 8 + 1, "big")
    return der(0x30, der(0x02, number) + der(0x04, header.previous_hash) + der(0x04, header.data_hash))


def block_hash(header: common_pb2.BlockHeader) -> bytes:
    """Return the SHA-256 of the header; the next block names it as its previous hash."""
    return hashlib.sha256(header_bytes(header)).digest()


def data_hash(data: common_pb2.BlockData) -> bytes:
    """Return the SHA-256 of all of the block's envelopes, one after the other."""
    return hashlib.sha256(b"".join(data.data)).digest()


def commit_hash(block: common_pb2.Block) -> bytes:
    """Return the hash that a peer noted in a block that it committed; empty where there is none.

    It stands for the validation codes and for what the transactions wrote, hashes of private data among it,
    of all blocks up to this one: two peers that have the same hash have made the same state, whatever
    database they keep it in. Orderers note none, and block 0 has none.
    Source: core/ledger/kvledger/kv_ledger.go, addBlockCommitHash (Fabric 3.1.5).
    """
    if len(block.metadata.metadata) <= common_pb2.COMMIT_HASH:
        return b""
    return bytes(_metadata(block, common_pb2.COMMIT_HASH).value)


def is_config_block(block: common_pb2.Block) -> bool:
    """Tell whether the block holds a channel configuration (and then nothing else)."""
    return len(block.data.data) == 1 and _header(_payload(block)).type == common_pb2.CONFIG


def channel_of(block: common_pb2.Block) -> str:
    """Return the channel that the block's first message names. Raises ConfigtxError if there is none."""
    return str(_header(_payload(block)).channel_id)


def config_of(block: common_pb2.Block) -> configtx_pb2.ConfigEnvelope:
    """Return the configuration in a configuration block, with the update that made it.

    Raises ConfigtxError for any other block.
    """
    if not is_config_block(block):
        raise ConfigtxError(f"block {block.header.number} is not a configuration block")
    return values.parse(configtx_pb2.ConfigEnvelope(), _payload(block).data, "the block's configuration")


def config_of_channel(block: common_pb2.Block, channel: str) -> configtx_pb2.Config:
    """Return the configuration of a channel in its configuration block.

    Raises ConfigtxError for any other block, and for one of another channel.
    """
    found = channel_of(block)
    if found != channel:
        raise ConfigtxError(
            f"block {block.header.number} is of channel {escaped(found)}, expected {channel}",
            hint=f"Get the configuration block of {channel}: peer channel fetch config -c {channel}.",
        )
    return config_of(block).config


def last_config_index(block: common_pb2.Block) -> int:
    """Return the number of the newest configuration block up to this one. Raises ConfigtxError."""
    value = _metadata(block, common_pb2.SIGNATURES).value
    if value:
        content = values.parse(common_pb2.OrdererBlockMetadata(), value, "the block's orderer metadata")
        return int(content.last_config.index)
    value = _metadata(block, common_pb2.LAST_CONFIG).value
    return int(values.parse(common_pb2.LastConfig(), value, "the block's last configuration").index)


def signatures_of(block: common_pb2.Block) -> bytes:
    """Return the metadata that the ordering service signed, with its signatures."""
    return bytes(b"".join(block.metadata.metadata[common_pb2.SIGNATURES :][:1]))


def verify_genesis(block: common_pb2.Block, expected_hash_hex: str) -> configtx_pb2.Config:
    """Check block 0 against the hash of its header, which one has from a trusted place; nobody signs it.

    Returns:
        The channel's first configuration.

    Raises:
        ConfigtxError: not block 0, another hash, or data that do not belong to the header.
    """
    if block.header.number != 0:
        raise ConfigtxError(f"block {block.header.number} is not a genesis block")
    found = block_hash(block.header).hex()
    if found != expected_hash_hex.lower():
        raise ConfigtxError(
            f"genesis block: hash {found}, expected {expected_hash_hex}",
            hint="This is another channel of the same name. Nothing was joined.",
        )
    check_data(block)
    return config_of(block).config


def verify_block(
    block: common_pb2.Block, config: configtx_pb2.Config, *, previous_hash: bytes | None = None
) -> None:
    """Check a block's data, its link to the block before, and the signatures of the ordering service.

    Args:
        block: any but the genesis block, which is not signed.
        config: the configuration that held when the block was cut; for a configuration block the one
            before it.
        previous_hash: hash of the block before, if the caller has it.

    Raises:
        ConfigtxError: the block cannot be believed; says why.
    """
    check_data(block)
    number = block.header.number
    if previous_hash is not None and block.header.previous_hash != previous_hash:
        raise ConfigtxError(f"block {number} does not follow the block before it: its previous hash differs")
    signed = _signed_data(block, config)
    refusal = signed_data_refusal(config.channel_group, BLOCK_VALIDATION, signed)
    if refusal:
        raise ConfigtxError(f"block {number} is not signed by the ordering service: {refusal}")


def _signed_data(block: common_pb2.Block, config: configtx_pb2.Config) -> list[SignedData]:
    """Return what each orderer signed of a block. Source: protoutil/blockutils.go BlockSignatureVerifier."""
    metadata = _metadata(block, common_pb2.SIGNATURES)
    if len(metadata.signatures) > MAX_SIGNATURES:
        found = len(metadata.signatures)
        raise ConfigtxError(
            f"block {block.header.number} has {found} signatures, expected at most {MAX_SIGNATURES}"
        )
    header = header_bytes(block.header)
    signed = []
    for signature in metadata.signatures:
        if signature.signature_header or not signature.identifier_header:
            about = signature.signature_header
            creator = values.parse(common_pb2.SignatureHeader(), about, "a block's signature header").creator
        else:  # BFT: the signer is a number in the consenter mapping
            about = signature.identifier_header
            creator = _consenter_identity(config, about)
        signed.append(SignedData(metadata.value + about + header, creator, signature.signature))
    return signed


def _consenter_identity(config: configtx_pb2.Config, identifier_header: bytes) -> bytes:
    header = values.parse(common_pb2.IdentifierHeader(), identifier_header, "a block's identifier header")
    capabilities = values.read(config.channel_group, "Capabilities", configuration_pb2.Capabilities())
    if "V3_0" not in capabilities.capabilities:
        return b""  # such a channel knows no numbers
    for consenter in mapping_of(values.group_at(config.channel_group, "Orderer")):
        if consenter.id == header.identifier:
            return serialized_identity(consenter.msp_id, consenter.identity)
    return b""


def check_data(block: common_pb2.Block) -> None:
    """Check a block's data against its header. Raises ConfigtxError."""
    if data_hash(block.data) != block.header.data_hash:
        raise ConfigtxError(f"block {block.header.number}: its data do not belong to its header")


def _metadata(block: common_pb2.Block, index: int) -> common_pb2.Metadata:
    slots = block.metadata.metadata
    data = slots[index] if index < len(slots) else b""
    return values.parse(common_pb2.Metadata(), data, "the block's metadata")


def _payload(block: common_pb2.Block) -> common_pb2.Payload:
    if not block.data.data:
        raise ConfigtxError(f"block {block.header.number} is empty")
    envelope = values.parse(common_pb2.Envelope(), block.data.data[0], "the block's first envelope")
    return values.parse(common_pb2.Payload(), envelope.payload, "the block's first payload")


def _header(payload: common_pb2.Payload) -> common_pb2.ChannelHeader:
    return values.parse(common_pb2.ChannelHeader(), payload.header.channel_header, "a channel header")
