"""Check labels that somebody gives objects."""

from collections.abc import Iterator

from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, Place, problem

_OWN = ("app.kubernetes.io/", "heddle.dev/")
"""Beginnings of labels by which objects find each other."""


def broken_labels(labels: Data, place: Place) -> Iterator[Problem]:
    """Yield a problem for each label that Heddle sets itself."""
    for key, value in labels.items():
        if str(key).startswith(_OWN):
            allowed = f"labels of your own; Heddle sets those that begin with {' and '.join(_OWN)}"
            yield problem((*place, key), value, allowed)
