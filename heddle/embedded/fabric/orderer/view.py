"""Make the note of BFT orderers in each block: smartbftprotos.ViewMetadata.

The view's number modulo the number of consenters is the leader's place among them. The message's other fields
are used with leader rotation only, which Fabric 3.1 does not have.
Source: SmartBFT smartbftprotos/messages.proto, as vendored in Fabric 3.1.5.
"""

from heddle.protobuf import message_of_numbers

__all__ = ["current_view", "next_view"]

ViewMetadata = message_of_numbers("ViewMetadata", "view_id", "latest_sequence", "decisions_in_view")


def next_view(previous: bytes, *, leader: int, consenters: int) -> bytes:
    """Return the note of the next block.

    Args:
        previous: what the newest block says; nothing in a genesis block.
        leader: place of the leader among the consenters, in the order of their ids.
        consenters: how many there are.
    """
    view = ViewMetadata.FromString(previous)
    before = view.view_id
    view.view_id = current_view(previous, leader=leader, consenters=consenters)
    view.decisions_in_view = (
        view.decisions_in_view + 1 if view.latest_sequence and view.view_id == before else 0
    )
    view.latest_sequence += 1
    return bytes(view.SerializeToString())


def current_view(previous: bytes, *, leader: int, consenters: int) -> int:
    """Return the number of the view that this leader leads, after the newest block; see `next_view`."""
    before: int = ViewMetadata.FromString(previous).view_id
    return before + (leader - before) % consenters
