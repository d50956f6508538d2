"""Decide by one table which operations a state of the instance forbids, and say why."""

from collections.abc import Mapping
from enum import StrEnum

from heddle.planner.facts import Refusal
from heddle.planner.instance import State

__all__ = ["REFUSED", "Operation", "operation_refusal"]


class Operation(StrEnum):
    """Name what somebody may want to do with an instance that exists."""

    CONFIGURE = "change a channel"
    """A channel's configuration: members, consenters, settings, capabilities."""
    JOIN = "join a peer to a channel"
    DEPLOY = "deploy a chaincode"
    """Install, approve and commit it."""
    RESTART = "restart nodes"
    """Also with other images or keys."""
    EXCHANGE = "exchange authorities"
    GROW = "enlarge volumes"
    ASK = "ask its nodes"
    """Channels, chaincodes, ledgers."""
    SUBMIT = "submit a channel update"
    REPAIR = "run a runbook"
    BACK_UP = "make a backup"
    RENEW = "renew certificates"
    """With the keys that there are: new files, read when nodes start."""
    HIBERNATE = "hibernate"
    WAKE = "wake"
    DESTROY = "destroy"


_NEED_NODES = frozenset(Operation) - {
    Operation.RENEW,
    Operation.HIBERNATE,
    Operation.WAKE,
    Operation.DESTROY,
}
_ASLEEP = Refusal(
    reason="the instance is hibernated, and that takes running nodes",
    hint="Wake it first: `power: on` in the stack file, then `heddle up`.",
)

REFUSED: Mapping[State, Mapping[Operation, Refusal]] = {
    State.HIBERNATED: dict.fromkeys(_NEED_NODES, _ASLEEP),
}
"""What each state forbids. A state that is missing forbids nothing: what heals an instance must go then, too.

Commands that change an instance at the same time are kept apart by the stack's lock, whatever its state.
"""


def operation_refusal(operation: Operation, state: State) -> Refusal | None:
    """Return why an operation must not be in a state of the instance; None if it may."""
    return REFUSED.get(state, {}).get(operation)
