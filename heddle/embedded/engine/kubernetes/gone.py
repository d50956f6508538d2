"""Wait until an object is gone, and tell what holds it.

Source: pulumi-kubernetes 4.28 provider/pkg/await/condition/deleted.go.
"""

import time

from heddle.embedded.engine.kubernetes.api import Api, ApiError
from heddle.embedded.engine.kubernetes.evidence import evidence
from heddle.embedded.engine.kubernetes.holding import holders
from heddle.embedded.engine.kubernetes.kinds import kind_of
from heddle.embedded.engine.kubernetes.objects import Json, at, is_true, kind_id, name_of, namespace_of
from heddle.embedded.engine.kubernetes.readiness import SKIP, TELL_AFTER, WATCH, NotReady, Wait
from heddle.embedded.engine.kubernetes.telling import Teller

__all__ = ["wait_gone"]

# Kinds of which skipAwait also skips waiting for the end of a deletion.
_SKIPS_DELETION = (
    "apps/v1/DaemonSet",
    "apps/v1/Deployment",
    "apps/v1/StatefulSet",
    "batch/v1/Job",
    "v1/Namespace",
    "v1/Pod",
)


def wait_gone(api: Api, obj: Json, name: str, inputs: Json, *, timeout: float, tell: Teller) -> None:
    """Block until the object does not exist, or another of its name does; tell what holds it meanwhile.

    Raises NotReady when it is still there in the end, with what holds it; ProviderError when the API server
    does not answer in the end.
    """
    if is_true(inputs, SKIP) and kind_id(obj) in _SKIPS_DELETION:
        return
    wait, teller = Wait.of(api, timeout), _Teller(api, tell)
    while (live := wait.answer(lambda: _still(api, obj, name))) is not None:
        if wait.over:
            raise _still_there(live, wait)
        teller.look(live)
        if _goes_now(api, live, wait):
            return


def _still(api: Api, obj: Json, name: str) -> Json | None:
    """Return the object as it is; None when it is gone, or another one has its name."""
    uid = at(obj, "metadata", "uid")
    try:
        live = api.get(f"{kind_of(obj).collection(namespace_of(obj))}/{name}")
    except ApiError as error:
        if error.not_found:
            return None
        raise
    other = uid and at(live, "metadata", "uid") != uid and not at(live, "metadata", "deletionTimestamp")
    return None if other else live


def _goes_now(api: Api, live: Json, wait: Wait) -> bool:
    """Watch for a while; tell whether the object went."""
    collection, version = (
        kind_of(live).collection(namespace_of(live)),
        at(live, "metadata", "resourceVersion"),
    )
    for event, _ in api.watch(collection, name_of(live), version=str(version or "0"), seconds=WATCH):
        if event == "DELETED":
            return True
        if wait.over:
            break
    return False


class _Teller:
    """Tells what holds an object, once the wait takes long, and whenever that is something else."""

    def __init__(self, api: Api, tell: Teller) -> None:
        self._api = api
        self._tell = tell
        self._told = ""
        self._next = time.monotonic() + TELL_AFTER

    def look(self, live: Json) -> None:
        """Tell what holds the object, if it is time for that."""
        self._tell.until("until it is gone" + (f": {self._told.splitlines()[0]}" if self._told else ""))
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + TELL_AFTER
        held = "\n".join(holders(self._api, live))
        if held and held != self._told:
            self._told = held
            self._tell.warn(f"'{name_of(live)}' is still being deleted\n{held}")


def _still_there(live: Json, wait: Wait) -> NotReady:
    name = name_of(live)
    if wait.cancelled:
        return NotReady(f"Resource operation was cancelled for '{name}'", live, [])
    reasons = [*holders(wait.api, live), *evidence(wait.api, live)]
    return NotReady(f"'{name}' timed out waiting to be deleted after {wait.seconds:g} s", live, reasons)
