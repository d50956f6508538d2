"""Connect to the API server that a kubeconfig leads to.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go Configure.
"""

from typing import Any

from kubernetes import client, config
from kubernetes.config import kube_config
from kubernetes.config.config_exception import ConfigException

from heddle.embedded.engine.kubernetes.api import Api
from heddle.embedded.engine.kubernetes.objects import at
from heddle.embedded.engine.kubernetes.settings import Settings
from heddle.errors import ProviderError

__all__ = ["connect", "default_namespace"]

# Enough for every resource that is under way, each with a watch beside its request.
_CONNECTIONS = 64


def connect(settings: Settings) -> Api:
    """Return the API of the chosen cluster, having asked it for its version.

    Blocks. Raises ProviderError when the kubeconfig does not lead to a cluster, ClusterUnreachable when the
    cluster does not answer, ApiError when it answers no.
    """
    configuration = client.Configuration()
    try:
        if settings.kubeconfig is not None:
            config.load_kube_config_from_dict(
                _chosen(settings),
                context=settings.context or None,
                client_configuration=configuration,
                persist_config=False,
            )
        else:
            _ambient(settings, configuration)
    except ConfigException as error:
        raise ProviderError(
            f"unable to load Kubernetes client configuration: {error}",
            hint="Set kubeconfig or context of the Kubernetes provider, or $KUBECONFIG.",
        ) from error
    configuration.connection_pool_maxsize = _CONNECTIONS
    api = Api(client.ApiClient(configuration))
    api.get("/version")
    return api


def _ambient(settings: Settings, configuration: client.Configuration) -> None:
    """Read $KUBECONFIG or its default; inside a pod, the pod's own account, unless a context is named."""
    try:
        config.load_kube_config(
            context=settings.context or None, client_configuration=configuration, persist_config=False
        )
    except ConfigException:
        if settings.context:
            raise
        config.load_incluster_config(client_configuration=configuration)


def _chosen(settings: Settings) -> dict[str, Any]:
    """Return the kubeconfig, its contexts all pointing at the overriding cluster if there is one."""
    kubeconfig = dict(settings.kubeconfig or {})
    if settings.cluster:
        kubeconfig["contexts"] = [
            {**entry, "context": {**entry["context"], "cluster": settings.cluster}}
            for entry in kubeconfig.get("contexts") or []
        ]
    return kubeconfig


def default_namespace(settings: Settings) -> str:
    """Return the namespace of objects that name none: the provider's, else the context's, else `default`."""
    if settings.namespace:
        return settings.namespace
    kubeconfig = settings.kubeconfig if settings.kubeconfig is not None else _ambient_kubeconfig()
    wanted = settings.context or kubeconfig.get("current-context")
    for entry in kubeconfig.get("contexts") or []:
        if entry.get("name") == wanted:
            return str(at(entry, "context", "namespace") or "default")
    return "default"


def _ambient_kubeconfig() -> dict[str, Any]:
    try:
        contexts, active = kube_config.list_kube_config_contexts()
    except ConfigException:
        return {}
    return {"contexts": contexts, "current-context": active["name"]}
