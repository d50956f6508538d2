"""Recognise objects that a killed creation left: a manager whose name was never saved owns their fields.

The repeated creation draws another name, as 4.28 does. Server-side apply lets both own fields of equal
values, but the first change then is a conflict with a manager that nobody speaks for. So the repetition takes
the former name back and gives its own up. Other values are a conflict at once: they are another program's.
"""

import re

from heddle.embedded.engine.kubernetes.objects import Json, at

__all__ = ["bare", "former_manager"]

_DRAWN = re.compile(r"pulumi-kubernetes-[0-9a-f]{8}")


def former_manager(live: Json, manager: str) -> str:
    """Return the drawn name that owns the very fields that `manager` has just applied; empty if none does."""
    managed = at(live, "metadata", "managedFields") or []
    applied = {
        str(entry.get("manager")): entry.get("fieldsV1")
        for entry in managed
        if entry.get("operation") == "Apply"
    }
    if not _DRAWN.fullmatch(manager) or manager not in applied:
        return ""
    fields = applied.pop(manager)
    return next((name for name in applied if _DRAWN.fullmatch(name) and applied[name] == fields), "")


def bare(inputs: Json) -> Json:
    """Return what names the object and nothing more: applying it gives all fields up."""
    names = {key: inputs["metadata"][key] for key in ("name", "namespace") if key in inputs["metadata"]}
    return {"apiVersion": inputs["apiVersion"], "kind": inputs["kind"], "metadata": names}
