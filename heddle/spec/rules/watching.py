"""Check who is told of alarms."""

from collections.abc import Iterator

from heddle.spec.problems import Problem
from heddle.spec.rules.naming import repeated
from heddle.spec.rules.reading import Data, Place, items, problem, section

WATCHERS = ("prometheus", "alertmanager")
"""Kinds of pods that watch the instance."""


def watched_here(data: Data) -> bool:
    """Tell whether a Prometheus is to run in the instance's namespace."""
    said = data.get("monitoring")
    return said is True or isinstance(said, dict)


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with monitoring."""
    said = section(data, "monitoring")
    names: list[tuple[Place, str]] = []
    for index, receiver in items(said, "receivers"):
        place: Place = ("monitoring", "receivers", index)
        if isinstance(receiver.get("name"), str):
            names.append(((*place, "name"), receiver["name"]))
        if receiver.get("webhook") is None and receiver.get("mail") is None:
            yield problem(place, receiver, "webhook, mail or both: nobody else would be told")
        yield from _mail(section(receiver, "mail"), (*place, "mail"))
    yield from repeated(names, "receiver")


def _mail(mail: Data, place: Place) -> Iterator[Problem]:
    """Yield a name without a password, or the other way round."""
    for one, other in (("username", "password"), ("password", "username")):
        if mail.get(one) is not None and mail.get(other) is None:
            yield problem((*place, one), mail[one], f"only with {other}")
