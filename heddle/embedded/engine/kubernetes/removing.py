"""Delete one object: a blocking call, which provider.py makes in a thread.

Source: pulumi-kubernetes 4.28 provider/pkg/await/await.go Deletion.
"""

from heddle.embedded.engine.kubernetes.api import Api, ApiError
from heddle.embedded.engine.kubernetes.checkpoint import parse
from heddle.embedded.engine.kubernetes.gone import wait_gone
from heddle.embedded.engine.kubernetes.holding import let_go
from heddle.embedded.engine.kubernetes.objects import Json, annotation, kind_id, split_id
from heddle.embedded.engine.kubernetes.readiness import NotReady, path_of, timeout_of
from heddle.embedded.engine.kubernetes.telling import Teller
from heddle.errors import ProviderError
from heddle.plugin.interface import DeleteRequest

__all__ = ["delete"]

_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
_OWNS_NOTHING = (
    "monitoring.coreos.com/v1/PrometheusRule",
    "monitoring.coreos.com/v1/ServiceMonitor",
    "monitoring.coreos.com/v1alpha1/AlertmanagerConfig",
    "monitoring.coreos.com/v1alpha1/ScrapeConfig",
    "networking.k8s.io/v1/NetworkPolicy",
    "policy/v1/PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1/ClusterRole",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1/Role",
    "rbac.authorization.k8s.io/v1/RoleBinding",
    "v1/ConfigMap",
    "v1/Secret",
    "v1/ServiceAccount",
)


def delete(api: Api, request: DeleteRequest, tell: Teller) -> None:
    """Delete the object with what it owns, and wait until it is gone; one that is gone already is success.

    Jobs that runbooks left on a claim are deleted, too, and told. Raises ProviderError when the object is
    still there after the timeout.
    """
    inputs, live = parse(request.properties)
    _, name = split_id(request.id)
    try:
        api.delete(path_of(live, name), propagation=_propagation(inputs, live))
    except ApiError as error:
        if error.not_found:
            return
        raise
    try:
        if jobs := let_go(api, live):
            tell.warn(f"Jobs of runbooks used the claim, and are deleted: {', '.join(jobs)}")
        wait_gone(api, live, name, inputs, timeout=timeout_of(request.timeout, inputs), tell=tell)
    except NotReady as error:
        raise ProviderError("\n".join([error.message, *error.reasons])) from error


def _propagation(inputs: Json, live: Json) -> str:
    """Return how dependents are deleted: first, unless the annotation says otherwise.

    4.28 asks for that of every kind. Of kinds that own nothing it is not asked here: the end is the same, and
    the garbage collector takes up to half a second for each (300 ConfigMaps: 22 s, without 1 s).
    """
    policy = annotation(inputs, _PROPAGATION).lower()
    usual = "Background" if kind_id(live) in _OWNS_NOTHING else "Foreground"
    return {"orphan": "Orphan", "background": "Background", "foreground": "Foreground"}.get(policy, usual)
