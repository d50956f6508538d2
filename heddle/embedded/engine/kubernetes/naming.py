"""Name objects for which the program gives no name, and their field managers.

Source: pulumi-kubernetes 4.28 provider/pkg/metadata/naming.go, provider.go fieldManagerName;
pulumi sdk/go/common/resource NewUniqueName.
"""

import hashlib
import secrets

from heddle.embedded.engine.kubernetes.objects import (
    AUTONAMED,
    Json,
    annotation,
    at,
    is_true,
    name_of,
    with_metadata,
)
from heddle.plugin.values import Properties, Unknown

__all__ = ["FIELD_MANAGER_ANNOTATION", "field_manager", "is_autonamed", "is_named", "with_name"]

FIELD_MANAGER_ANNOTATION = "pulumi.com/patchFieldManager"


def is_named(obj: Json) -> bool:
    """Tell whether the program names the object, even by a name that is not known yet."""
    return bool(name_of(obj)) or isinstance(at(obj, "metadata", "name"), Unknown)


def is_autonamed(obj: Json) -> bool:
    """Tell whether the name was made up here."""
    return is_true(obj, AUTONAMED)


def with_name(obj: Json, old_inputs: Json, resource_name: str, seed: bytes) -> Json:
    """Return the inputs with a name: the given, else the old made-up one, else a new `<resource>-<8 hex>`.

    Made-up names carry an annotation, so that a later replacement may choose another.
    """
    if is_named(obj) or isinstance(at(obj, "metadata"), Unknown):
        return obj
    if old_inputs and is_autonamed(old_inputs):
        name = name_of(old_inputs)
    else:
        name = f"{resource_name}-{_suffix(seed)}"
    found = at(obj, "metadata", "annotations")
    if isinstance(found, Unknown):
        return with_metadata(obj, name=name)
    return with_metadata(obj, name=name, annotations={**(found or {}), AUTONAMED: "true"})


def field_manager(inputs: Json, state: Properties) -> str:
    """Return the name that owns the object's fields: as annotated, as before, else a new one for life."""
    if named := annotation(inputs, FIELD_MANAGER_ANNOTATION):
        return named
    known = state.get("__fieldManager")
    return known if isinstance(known, str) and known else f"pulumi-kubernetes-{_suffix(b'')}"


def _suffix(seed: bytes) -> str:
    """Return 8 hex digits, random unless a seed is given."""
    return hashlib.sha256(seed).hexdigest()[:8] if seed else secrets.token_hex(4)
