"""Decide by one table which operations a state of the instance forbids, and say why."""

from collections.abc import Mapping
from enum import StrEnum

from heddle.planner.facts import Refusal
from heddle.planner.instance import InstanceState, State

__all__ = ["HOLD_THE_LOCK", "REFUSED", "Operation", "operation_refusal"]


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
    INVOKE = "send a transaction"
    SUBMIT = "submit a channel update"
    REPAIR = "run a runbook"
    BACK_UP = "make a backup"
    PRUNE = "remove old backups"
    DRILL = "try a backup"
    """In a namespace of its own, beside the instance."""
    RESTORE = "restore a backup"
    GRANT = "give somebody access"
    RENEW = "renew certificates"
    """With the keys that there are: new files, read when nodes start."""
    HIBERNATE = "hibernate"
    WAKE = "wake"
    DESTROY = "destroy"


HOLD_THE_LOCK = frozenset(Operation) - {Operation.ASK, Operation.INVOKE, Operation.DRILL}
"""What holds the stack's lock while it goes on: one of them at a time."""
_NEED_NODES = frozenset(
    {
        Operation.CONFIGURE,
        Operation.JOIN,
        Operation.DEPLOY,
        Operation.RESTART,
        Operation.EXCHANGE,
        Operation.GROW,
        Operation.ASK,
        Operation.INVOKE,
        Operation.SUBMIT,
        Operation.REPAIR,
        Operation.BACK_UP,
    }
)
_ASLEEP = Refusal(
    reason="the instance is hibernated, and that takes running nodes",
    hint="Wake it first: `power: on` in the stack file, then `heddle up`.",
)
_BUSY = Refusal(
    reason="somebody else changes the instance",
    hint="Wait until that has ended: `heddle status --watch` shows it.",
)
_CREATING = Refusal(
    reason="the instance is just being made",
    hint="Wait until the first `heddle up` has ended: `heddle status --watch` shows it.",
)
_DELETING = Refusal(
    reason="the instance is being deleted",
    hint="What is written now is lost. `heddle backup list` shows what can be restored.",
)
_ONE_AT_A_TIME = dict.fromkeys(HOLD_THE_LOCK, _BUSY)

REFUSED: Mapping[State, Mapping[Operation, Refusal]] = {
    State.NORMAL: {},
    # What heals an instance must go just then, and what cannot be done says so itself.
    State.ABNORMAL: {},
    State.ADDRESS_ABNORMAL: {},
    State.UNKNOWN: {},
    State.CREATING: {**dict.fromkeys(HOLD_THE_LOCK | _NEED_NODES, _CREATING)},
    State.ADDING: _ONE_AT_A_TIME,
    State.UPGRADING: _ONE_AT_A_TIME,
    State.DELETING: {**dict.fromkeys(HOLD_THE_LOCK, _DELETING), Operation.INVOKE: _DELETING},
    State.HIBERNATED: dict.fromkeys(_NEED_NODES, _ASLEEP),
}
"""What each state forbids: every state is here. While a run goes on, its lock refuses the same once more."""


def operation_refusal(operation: Operation, found: State | InstanceState) -> Refusal | None:
    """Return why an operation must not begin in a state of the instance; None if it may.

    Where the state's own reason is given (who does what since when), the refusal ends with it.
    """
    state, because = (found.state, found.reason) if isinstance(found, InstanceState) else (found, "")
    refusal = REFUSED[state].get(operation)
    if refusal is None or not because:
        return refusal
    return Refusal(reason=f"{refusal.reason}: {because}", hint=refusal.hint)
