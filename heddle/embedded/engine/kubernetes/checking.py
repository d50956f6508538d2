"""Bring inputs into the form in which they are stored and acted on.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go Check.
"""

from heddle.embedded.engine.kubernetes.checkpoint import with_secrets
from heddle.embedded.engine.kubernetes.kinds import kind_of, kind_of_type
from heddle.embedded.engine.kubernetes.naming import is_named, with_name
from heddle.embedded.engine.kubernetes.normal import normal
from heddle.embedded.engine.kubernetes.objects import at, from_properties, with_metadata
from heddle.plugin.interface import CheckFailure, CheckRequest, CheckResult

__all__ = ["checked"]


def checked(request: CheckRequest, namespace: str) -> CheckResult:
    """Return the inputs in normal form, with apiVersion, kind, a name and a namespace.

    Raises NeedsCli for kinds that the embedded engine does not know.
    """
    kind = kind_of_type(request.type)
    given = {"apiVersion": kind.api_version, "kind": kind.kind, **from_properties(request.news)}
    obj = normal(given)
    if not is_named(obj) and at(obj, "metadata", "generateName"):
        reason = "the `.metadata.generateName` field is not supported in Server-Side Apply mode"
        return CheckResult(
            inputs=request.news, failures=(CheckFailure(property="metadata.generateName", reason=reason),)
        )
    obj = with_name(obj, from_properties(request.olds), request.name, request.random_seed)
    if (
        kind_of(obj).namespaced
        and isinstance(at(obj, "metadata"), dict)
        and not at(obj, "metadata", "namespace")
    ):
        obj = with_metadata(obj, namespace=namespace)
    return CheckResult(inputs=with_secrets(obj, request.news))
