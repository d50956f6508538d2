"""Read the number of a BFT channel's view, and write the message by which consenters ask for the next one.

The view says who leads: its number modulo the number of consenters is the leader's place among their ids.
Source: SmartBFT smartbftprotos/messages.proto, internal/bft/{util,viewchanger}.go, as vendored in Fabric
3.1.5.
"""

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from heddle.configtx.settings import Consenter
from heddle.protobuf import message_of_numbers

__all__ = ["leader_of", "view_change_message", "view_change_of"]

_ViewChange = message_of_numbers("ViewChange", "next_view")
_Message = message_of_numbers("SmartBftMessage", inner={"view_change": 4})


def leader_of(view: int, consenters: Sequence[Consenter]) -> Consenter:
    """Return the consenter that leads a view. Within one no leader rotates: Fabric 3.1 refuses it."""
    return sorted(consenters, key=lambda each: each.id)[view % len(consenters)]


def view_change_message(next_view: int) -> bytes:
    """Return a consenter's wish to change to the next view.

    It is a wish, no promise: nodes that have a quorum's wishes stop the view, and sign what they know of it.
    """
    wish = _ViewChange(next_view=next_view).SerializeToString()
    return bytes(_Message(view_change=wish).SerializeToString())


def view_change_of(payload: bytes) -> int | None:
    """Return the view that a message asks for; None for any other message."""
    try:
        message = _Message.FromString(payload)
        return _ViewChange.FromString(message.view_change).next_view if message.view_change else None
    except DecodeError:
        return None
