"""Unpack proposals as they arrive, and check them before anything is run.

Source: core/endorser/msgvalidation.go, core/handlers/auth/filter, core/policy/policy.go (Fabric 3.1.5).
"""

import time
from dataclasses import dataclass

from fabric_protos.common import common_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2

from heddle.configtx.envelope import transaction_id
from heddle.configtx.filters import expired
from heddle.configtx.policies import Identity
from heddle.embedded.fabric.access import Denied, SignedData
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.transaction import proposal_hash
from heddle.errors import HeddleError
from heddle.identity.keys import verify
from heddle.identity.membership import Membership
from heddle.protobuf import enum_name

__all__ = [
    "FilterError",
    "ProposalError",
    "Unpacked",
    "check_channel_policy",
    "check_local_role",
    "unpack",
    "validate_proposal",
]


class ProposalError(Exception):
    """A proposal that is refused before it runs; gRPC status UNKNOWN, as Go's plain errors."""


class FilterError(ProposalError):
    """Refused before the endorser saw it (core/handlers/auth/filter)."""


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """Hold the parts of a proposal."""

    signed: proposal_pb2.SignedProposal
    channel_header: common_pb2.ChannelHeader
    signature_header: common_pb2.SignatureHeader
    chaincode: str
    input: chaincode_pb2.ChaincodeInput
    hash: bytes
    header: bytes
    payload: bytes

    @property
    def channel(self) -> str:
        """Return the channel's name; empty for proposals to the peer itself."""
        return str(self.channel_header.channel_id)

    @property
    def transaction_id(self) -> str:
        """Return the transaction id that the client computed."""
        return str(self.channel_header.tx_id)

    @property
    def arguments(self) -> list[bytes]:
        """Return the arguments, the function's name first."""
        return list(self.input.args)

    @property
    def data(self) -> SignedData:
        """Return the signed data that policies are checked with."""
        return SignedData(self.signed.proposal_bytes, self.signature_header.creator, self.signed.signature)


def unpack(signed: proposal_pb2.SignedProposal) -> Unpacked:
    """Unpack a proposal. Raises ProposalError for a malformed one."""
    try:
        proposal = proposal_pb2.Proposal.FromString(signed.proposal_bytes)
        header = common_pb2.Header.FromString(proposal.header)
        channel_header = common_pb2.ChannelHeader.FromString(header.channel_header)
        extension = proposal_pb2.ChaincodeHeaderExtension.FromString(channel_header.extension)
        payload = proposal_pb2.ChaincodeProposalPayload.FromString(proposal.payload)
        spec = chaincode_pb2.ChaincodeInvocationSpec.FromString(payload.input)
        signature_header = common_pb2.SignatureHeader.FromString(header.signature_header)
    except MALFORMED as error:
        raise ProposalError(f"error unmarshalling Proposal: {error}") from error
    if not extension.chaincode_id.name:
        raise ProposalError("ChaincodeHeaderExtension.ChaincodeId.Name is empty")
    if not spec.HasField("chaincode_spec"):
        raise ProposalError("chaincode invocation spec did not contain chaincode spec")
    return Unpacked(
        signed=signed,
        channel_header=channel_header,
        signature_header=signature_header,
        chaincode=extension.chaincode_id.name,
        input=spec.chaincode_spec.input,
        hash=proposal_hash(header, proposal.payload),
        header=proposal.header,
        payload=proposal.payload,
    )


def validate_proposal(
    proposal: Unpacked, members: Membership, config: ChannelConfig | None, window: float
) -> None:
    """Check header, transaction id, identity and signature. Raises ProposalError.

    Args:
        proposal: unpacked.
        members: the peer's own MSP, for proposals without a channel.
        config: the channel's, for all others.
        window: seconds by which the client's clock may differ (`peer.authentication.timewindow`).
    """
    if expired(proposal.signature_header.creator):
        raise FilterError("proposal client identity expired")
    if abs(time.time() - proposal.channel_header.timestamp.seconds) > window:
        sent = proposal.channel_header.timestamp.ToJsonString()
        raise FilterError(
            f"request unauthorized due to incorrect timestamp {sent}, "
            f"peer.authentication.timewindow {window:.0f}s"
        )
    words = _header_refusal(proposal) or _identity_refusal(proposal, members, config)
    if words:
        raise ProposalError(f"error validating proposal: {words}")


def _header_refusal(proposal: Unpacked) -> str:
    kinds = {common_pb2.ENDORSER_TRANSACTION, common_pb2.CONFIG}
    if proposal.channel_header.type not in kinds:
        kind = enum_name(common_pb2.HeaderType.DESCRIPTOR, proposal.channel_header.type)
        return f"invalid header type {kind}"
    if proposal.channel_header.epoch:
        return "epoch is non-zero"
    if not proposal.signature_header.nonce:
        return "nonce is empty"
    if not proposal.signature_header.creator:
        return "creator is empty"
    expected = transaction_id(proposal.signature_header.nonce, proposal.signature_header.creator)
    if proposal.transaction_id != expected:
        return f"incorrectly computed txid '{proposal.transaction_id}' -- expected '{expected}'"
    if not proposal.signed.signature:
        return "empty signature bytes"
    return ""


def _identity_refusal(proposal: Unpacked, members: Membership, config: ChannelConfig | None) -> str:
    denied = f"access denied: channel [{proposal.channel}] creator org"
    creator = proposal.signature_header.creator
    try:
        identity = Identity.parse(creator)
        if config is None and identity.msp_id != members.msp_id:
            return f"{denied} unknown, creator is malformed"
        refusal = config.identity_refusal(creator) if config else members.refusal(identity.certificate)
        if refusal.endswith("is not defined on channel"):
            return f"{denied} unknown, creator is malformed"
        valid = verify(identity.certificate, proposal.signed.proposal_bytes, proposal.signed.signature)
    except HeddleError:
        return f"{denied} unknown, creator is malformed"
    return "" if valid and not refusal else f"{denied} [{identity.msp_id}]"


def check_local_role(proposal: Unpacked, members: Membership, role: str) -> None:
    """Raise Denied unless the creator has the role in the peer's own organization: admin or member."""
    identity = Identity.parse(proposal.signature_header.creator)
    policy = "Admins" if role == "admin" else "Members"
    prefix = "during channelless check policy with policy"
    if identity.msp_id != members.msp_id:
        raise Denied(
            f"Failed deserializing proposal creator {prefix} [{policy}]: "
            f"[expected MSP ID {members.msp_id}, received {identity.msp_id}]"
        )
    if not members.has_role(identity.certificate, role):
        raise Denied(
            f"Failed verifying that proposal's creator satisfies local MSP principal {prefix} [{policy}]: "
            f"[The identity is not {'an admin' if role == 'admin' else 'a member'} under this MSP "
            f"[{members.msp_id}]]"
        )


def check_channel_policy(config: ChannelConfig, policy: str, signed: SignedData) -> None:
    """Raise Denied, in a peer's words, unless the signature satisfies the channel's policy."""
    try:
        config.check(policy, signed)
    except Denied as denied:
        raise Denied(
            f"Failed evaluating policy on signed data during check policy on channel [{config.channel}] "
            f"with policy [{policy}]: [{denied}]"
        ) from denied
