"""Record a run: for `heddle log` what became of each resource, for Pulumi's CLI an update of its history."""

import time
from collections.abc import Mapping

from heddle.embedded.engine.display.words import ended
from heddle.embedded.engine.events import Event, Op, Phase, Sink, Step
from heddle.state.backend import Backend
from heddle.state.history import RUN, resource_label
from heddle.state.log import Act

__all__ = ["remember", "telling"]


def telling(sink: Sink, act: Act) -> Sink:
    """Return a sink that notes in a run's record what becomes of each resource, and hands every event on."""

    def take(event: Event) -> None:
        if isinstance(event, Step) and not event.internal:
            _note(act, event)
        sink(event)

    return take


def _note(act: Act, step: Step) -> None:
    how = "" if step.phase is Phase.STARTED else ended(step.op, step.phase)
    as_it_was = step.op is Op.REFRESH and step.phase is Phase.DONE and not _differs(step)
    if how and not as_it_was:
        act.resources[resource_label(step.urn)] = how


def _differs(step: Step) -> bool:
    return step.old is None or step.new is None or not step.old.alike(step.new)


def remember(
    backend: Backend, act: Act, kind: str, counts: Mapping[Op, int], *, failed: bool, cancelled: bool
) -> None:
    """Say in a run's record how it ended, and add it to the stack's history, as the CLI does."""
    act.result = "cancelled" if cancelled else "failed" if failed else "succeeded"
    act.changes = {op.value: count for op, count in counts.items()}
    if not backend.exists():
        return
    backend.remember(
        {
            "kind": kind,
            "startTime": int(act.started),
            "message": "",
            "environment": {"exec.kind": "heddle", RUN: act.run},
            "config": {},
            "result": "failed" if failed else "succeeded",
            "endTime": int(time.time()),
            "resourceChanges": act.changes,
        }
    )
