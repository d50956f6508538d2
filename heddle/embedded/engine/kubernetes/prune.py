"""Cut a live object to the shape of the inputs that made it: what the cluster added is no change.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/util.go pruneMap, pruneSlice.
"""

from typing import Any

from heddle.embedded.engine.kubernetes.objects import Json, copied

__all__ = ["pruned"]


def pruned(live: Json, inputs: Json) -> Json:
    """Return of the live object the fields that the inputs have too; list items pair by position."""
    return {key: _cut(value, inputs[key]) for key, value in live.items() if key in inputs}


def _cut(live: Any, wanted: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(live, dict) and isinstance(wanted, dict):
        return pruned(live, wanted)
    if isinstance(live, list) and isinstance(wanted, list):
        return _cut_list(live, wanted)
    return live


def _cut_list(live: list[Any], wanted: list[Any]) -> list[Any]:
    if not live or not wanted:
        return []
    if type(live[0]) is not type(wanted[0]):
        return list(copied(live))
    return [_cut(item, other) for item, other in zip(live, wanted, strict=False)]
