"""Check what watches the instance, and who is told of alarms."""

from collections.abc import Iterator

from heddle.spec.problems import Problem
from heddle.spec.rules.labels import broken_labels
from heddle.spec.rules.naming import repeated
from heddle.spec.rules.reading import Data, Place, items, problem, section

WATCHERS = ("prometheus", "alertmanager")
"""Kinds of pods that watch the instance."""


def watched(data: Data) -> bool:
    """Tell whether the instance is watched."""
    return _is_wanted(data.get("monitoring"))


def watched_here(data: Data) -> bool:
    """Tell whether a Prometheus is to run in the instance's namespace."""
    return watched(data) and not _is_wanted(section(data, "monitoring").get("operator"))


def _is_wanted(said: object) -> bool:
    return said is True or isinstance(said, dict)


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with monitoring."""
    said = section(data, "monitoring")
    yield from _operator(said)
    names: list[tuple[Place, str]] = []
    for index, receiver in items(said, "receivers"):
        place: Place = ("monitoring", "receivers", index)
        if isinstance(receiver.get("name"), str):
            names.append(((*place, "name"), receiver["name"]))
        if receiver.get("webhook") is None and receiver.get("mail") is None:
            yield problem(place, receiver, "webhook, mail or both: nobody else would be told")
        yield from _mail(section(receiver, "mail"), (*place, "mail"))
    yield from repeated(names, "receiver")


def _operator(said: Data) -> Iterator[Problem]:
    """Yield what is no matter of the stack file where the operator's Prometheus watches."""
    if _is_wanted(said.get("operator")) and said.get("retention") is not None:
        found, allowed = (
            said["retention"],
            "nothing with operator: its Prometheus keeps samples as long as it says",
        )
        yield problem(("monitoring", "retention"), found, allowed)
    labels = section(said, "operator", "labels")
    yield from broken_labels(labels, ("monitoring", "operator", "labels"))


def _mail(mail: Data, place: Place) -> Iterator[Problem]:
    """Yield a name without a password, or the other way round."""
    for one, other in (("username", "password"), ("password", "username")):
        if mail.get(one) is not None and mail.get(other) is None:
            yield problem((*place, one), mail[one], f"only with {other}")
