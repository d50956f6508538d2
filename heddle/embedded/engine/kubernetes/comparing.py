"""Decide what a change of inputs means for an object: nothing, an update, or a replacement.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go Diff.
"""

from heddle.embedded.engine.kubernetes.checkpoint import parse
from heddle.embedded.engine.kubernetes.differences import detailed
from heddle.embedded.engine.kubernetes.ignoring import covers
from heddle.embedded.engine.kubernetes.kinds import kind_of
from heddle.embedded.engine.kubernetes.naming import is_autonamed, is_named
from heddle.embedded.engine.kubernetes.normal import normal
from heddle.embedded.engine.kubernetes.objects import (
    Json,
    at,
    from_properties,
    name_of,
    namespace_of,
    with_metadata,
    without,
)
from heddle.embedded.engine.kubernetes.prune import pruned
from heddle.embedded.engine.kubernetes.replaces import fields_that_replace
from heddle.embedded.engine.kubernetes.settings import Settings
from heddle.plugin.interface import DiffKind, DiffRequest, DiffResult

__all__ = ["compared"]

_REPLACING = (DiffKind.ADD_REPLACE, DiffKind.DELETE_REPLACE, DiffKind.UPDATE_REPLACE)


def compared(request: DiffRequest, settings: Settings) -> DiffResult:
    """Compare new inputs with the live object as last seen, cut to the shape of the old inputs."""
    old_inputs, live = parse(request.old_outputs)
    new = normal(from_properties(request.news))
    old = _comparable(pruned(live, normal(old_inputs)), new, live)
    new = _in_namespace(new, new)
    fields = fields_that_replace(
        new, mutable_secrets=settings.mutable_secrets, mutable_config_maps=settings.mutable_config_maps
    )
    found = {
        path: kind
        for path, kind in sorted(detailed(old, new, fields).items())
        if not any(covers(ignored, path) for ignored in request.ignore_changes)
    }
    replaces = tuple(
        path
        for path, kind in found.items()
        if kind in _REPLACING or (kind is DiffKind.DELETE and path == "metadata")
    )
    return DiffResult(
        changes=bool(found),
        replaces=replaces,
        detailed=found,
        delete_before_replace=bool(replaces) and _same_place(new, live),
    )


def _comparable(old: Json, new: Json, live: Json) -> Json:
    """Return the old object without defaults of identity and without resourceVersion."""
    old = {"apiVersion": new.get("apiVersion"), "kind": new.get("kind"), **old}
    old = without(_in_namespace(old, new), "metadata", "resourceVersion")
    return with_metadata(old, name=name_of(live)) if name_of(new) else old


def _in_namespace(obj: Json, new: Json) -> Json:
    if not isinstance(at(obj, "metadata"), dict):
        return obj
    if not kind_of(new).namespaced:
        return with_metadata(obj, namespace="")
    return with_metadata(obj, namespace=at(obj, "metadata", "namespace") or "default")


def _same_place(new: Json, live: Json) -> bool:
    """Tell whether the new object must have the old one's name, so that the old one has to go first."""
    return (
        is_named(new)
        and not is_autonamed(new)
        and name_of(new) == name_of(live)
        and namespace_of(new) == namespace_of(live)
    )
