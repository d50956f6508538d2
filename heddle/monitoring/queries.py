"""Read expressions of Prometheus: the metrics that they name, and the namespace that they are about.

An expression is written with `NS` where the selector of the instance's namespace belongs, as in
`up{NS, role="peer"}`: several instances share a Prometheus, and none may wake another one's people.
"""

import re

from heddle.monitoring.metrics import METRICS, Metric

__all__ = ["labels_in", "metrics_of", "names_in", "of_namespace"]

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"\{([^}]*)\}")
_RANGE = re.compile(r"\[[^\]]*\]")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_NAME = re.compile(r"(?<![\w.:])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "on", "by", "inf", "nan"})
_SERIES = ("_bucket", "_count", "_sum")
"""What the series of a histogram add to its name."""


def of_namespace(expression: str, namespace: str) -> str:
    """Return an expression about one namespace."""
    return re.sub(r"\bNS\b", f'namespace="{namespace}"', expression)


def names_in(expression: str) -> tuple[str, ...]:
    """Return the names of the series that an expression reads, each once."""
    text = _STRING.sub('""', expression)
    for pattern in (_SELECTOR, _GROUPING, _RANGE):
        text = pattern.sub(" ", text)
    found = (match.group() for match in _NAME.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name.lower() not in _WORDS))


def labels_in(expression: str) -> set[str]:
    """Return the labels that an expression selects or groups by."""
    text = _STRING.sub('""', expression)
    selected = (name for each in _SELECTOR.findall(text) for name in _MATCHER.findall(each))
    grouped = (name.strip() for each in _GROUPING.findall(text) for name in each.split(","))
    return {name for name in (*selected, *grouped) if name}


def metrics_of(expression: str) -> tuple[Metric, ...]:
    """Return the metrics that an expression reads. Raises KeyError for a name that no metric has."""
    return tuple(dict.fromkeys(_metric(name) for name in names_in(expression)))


def _metric(series: str) -> Metric:
    for ending in _SERIES:
        metric = METRICS.get(series.removesuffix(ending))
        if series.endswith(ending) and metric is not None and metric.kind == "histogram":
            return metric
    return METRICS[series]
