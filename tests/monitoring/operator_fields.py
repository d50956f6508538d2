"""Judge objects for prometheus-operator by the fields that it has: an API server drops any other one."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["problems"]

FIELDS = yaml.safe_load((Path(__file__).parents[1] / "cases/monitoring/operator-fields.yaml").read_text())
VERSIONS = {
    "PrometheusRule": "v1",
    "ServiceMonitor": "v1",
    "ScrapeConfig": "v1alpha1",
    "AlertmanagerConfig": "v1alpha1",
}
_DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")


def problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an object, a line for each place."""
    kind = manifest["kind"]
    version = f"monitoring.coreos.com/{VERSIONS[kind]}"
    wrong = [] if manifest["apiVersion"] == version else [f"apiVersion: not {version}"]
    return [*wrong, *_below(FIELDS[kind], "", manifest["spec"])]


def _below(fields: Mapping[str, Any], path: str, value: object) -> Iterator[str]:
    if path in fields:
        if not _fits(fields[path], value):
            yield f"{path}: {value!r} is no {fields[path]}"
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _below(fields, f"{path}.{key}" if path else key, each)
    elif isinstance(value, list):
        for each in value:
            yield from _below(fields, f"{path}[]", each)
    else:
        yield f"{path}: there is no such field"


def _fits(wanted: object, value: object) -> bool:
    match wanted:
        case "texts":
            return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
        case "flag":
            return isinstance(value, bool)
        case "duration":
            return isinstance(value, str) and bool(_DURATION.fullmatch(value))
        case list():
            return value in wanted
        case _:
            return isinstance(value, str) and bool(value)
