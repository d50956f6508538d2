"""Make URNs and provider references, and take them apart.

Source: sdk/go/common/resource/urn/urn.go and sdk/go/common/providers/reference.go of pulumi/pulumi.
"""

from heddle.errors import EngineError
from heddle.plugin.codec import UNKNOWN_SENTINEL

__all__ = [
    "PROVIDER_PREFIX",
    "ROOT_TYPE",
    "UNKNOWN_ID",
    "is_provider_type",
    "make_urn",
    "package_of",
    "provider_reference",
    "split_reference",
    "urn_name",
    "urn_qualified_type",
    "urn_stack",
    "urn_type",
]

ROOT_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"
UNKNOWN_ID = UNKNOWN_SENTINEL
"""The id in a reference to a provider that a preview would create."""
_PARTS = 5
"""`urn:pulumi:STACK`, project, qualified type and name, and the name may contain the separator."""


def make_urn(*, stack: str, project: str, parent: str, type: str, name: str) -> str:  # noqa: A002 - Pulumi's word
    """Return the URN of a resource; the types of its parents qualify its own, but for the stack's."""
    qualified = urn_qualified_type(parent) if parent else ""
    if qualified in ("", ROOT_TYPE):
        return f"urn:pulumi:{stack}::{project}::{type}::{name}"
    return f"urn:pulumi:{stack}::{project}::{qualified}${type}::{name}"


def _parts(urn: str) -> list[str]:
    parts = urn.split("::", _PARTS - 2)
    if len(parts) != _PARTS - 1 or not urn.startswith("urn:pulumi:"):
        raise EngineError(f"{urn!r} is not a URN")
    return parts


def urn_qualified_type(urn: str) -> str:
    """Return the type with those of its parents: `a:b:Component$c:d:Thing`."""
    return _parts(urn)[2]


def urn_type(urn: str) -> str:
    """Return the type token alone."""
    return urn_qualified_type(urn).rpartition("$")[2]


def urn_stack(urn: str) -> str:
    """Return the name of the stack that the resource is in."""
    return _parts(urn)[0].rpartition(":")[2]


def urn_name(urn: str) -> str:
    """Return the resource's name."""
    return _parts(urn)[3]


def package_of(type_token: str) -> str:
    """Return the package that provides a type: `kubernetes` of `kubernetes:core/v1:Secret`."""
    if is_provider_type(type_token):
        return type_token.removeprefix(PROVIDER_PREFIX)
    return type_token.partition(":")[0]


def is_provider_type(type_token: str) -> bool:
    """Tell whether a resource of this type is a provider."""
    return type_token.startswith(PROVIDER_PREFIX)


def provider_reference(urn: str, identifier: str) -> str:
    """Return how a resource names its provider: `URN::ID`."""
    return f"{urn}::{identifier}"


def split_reference(reference: str) -> tuple[str, str]:
    """Return URN and id of a provider reference. Raises EngineError on anything else."""
    urn, separator, identifier = reference.rpartition("::")
    if not separator or not identifier:
        raise EngineError(f"{reference!r} is not a provider reference")
    return urn, identifier
