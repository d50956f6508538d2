"""Proposals that clients would not send."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fabric_protos.common import common_pb2
from fabric_protos.peer import proposal_pb2

from heddle.fabric.endorser import Argument, Proposal, new_proposal
from heddle.identity.signer import Signer


def proposal_at(
    signer: Signer,
    channel: str,
    chaincode: str,
    args: Sequence[Argument],
    *,
    minutes: float = 0,
    **header: Any,
) -> Proposal:
    """A proposal by a clock that is `minutes` off; `header`: fields of the channel header to set."""
    proposal = new_proposal(signer, channel, chaincode, args)
    if not minutes and not header:
        return proposal
    content = proposal_pb2.Proposal.FromString(proposal.content)
    outer = common_pb2.Header.FromString(content.header)
    announced = common_pb2.ChannelHeader.FromString(outer.channel_header)
    announced.timestamp.seconds += int(60 * minutes)
    for name, value in header.items():
        setattr(announced, name, value)
    outer.channel_header = announced.SerializeToString()
    content.header = outer.SerializeToString()
    return replace(proposal, content=content.SerializeToString())
