"""Connect to the API server that a kubeconfig leads to.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go Configure.
"""

from typing import Any

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from heddle.embedded.engine.kubernetes.api import Api
from heddle.embedded.engine.kubernetes.objects import at
from heddle.embedded.engine.kubernetes.settings import Settings, active_user
from heddle.errors import KubeError, ProviderError
from heddle.kube.apiserver import LOADING
from heddle.kube.impersonation import Impersonation, impersonation_of
from heddle.kube.kubeconfig import KubeconfigError, default_files, merged
from heddle.kube.proxies import proxy_credentials, proxy_for
from heddle.plain import ShapeError

__all__ = ["configuration_of", "connect", "default_namespace"]

# Enough for every resource that is under way, each with a watch beside its request.
_CONNECTIONS = 64


def connect(settings: Settings) -> Api:
    """Return the API of the chosen cluster, having asked it for its version.

    Blocks. Raises ProviderError when the kubeconfig does not lead to a cluster, ClusterUnreachable when the
    cluster does not answer, ApiError when it answers no.
    """
    configuration = configuration_of(settings)
    configuration.connection_pool_maxsize = _CONNECTIONS
    api = Api(client.ApiClient(configuration), _impersonation(settings))
    api.get("/version")
    return api


def configuration_of(settings: Settings) -> client.Configuration:
    """Return the official client's configuration. Raises ProviderError when the kubeconfig cannot be used."""
    configuration = client.Configuration()
    # The official client has rules of its own for $HTTPS_PROXY; with a proxy set it leaves them alone.
    configuration.proxy = ""
    try:
        with LOADING:
            _read(settings, configuration)
    except ConfigException as error:
        raise ProviderError(
            f"unable to load Kubernetes client configuration: {error}",
            hint="Set kubeconfig or context of the Kubernetes provider, or $KUBECONFIG.",
        ) from error
    _put_on_the_way(configuration)
    return configuration


def _read(settings: Settings, configuration: client.Configuration) -> None:
    if settings.kubeconfig is None:
        _ambient(settings, configuration)
        return
    config.load_kube_config_from_dict(
        _chosen(settings),
        context=settings.context or None,
        client_configuration=configuration,
        persist_config=False,
    )


def _impersonation(settings: Settings) -> Impersonation:
    """Return as whom the kubeconfig's user acts, which the official client does not read."""
    try:
        return impersonation_of(active_user(_kubeconfig(settings), settings.context))
    except ShapeError as error:
        raise ProviderError(
            f"the kubeconfig cannot be used: its user: {error}", hint="`kubectl` must be able to use it."
        ) from error


def _ambient(settings: Settings, configuration: client.Configuration) -> None:
    """Read $KUBECONFIG or its default; inside a pod, the pod's own account, unless a context is named."""
    kubeconfig = _ambient_kubeconfig()
    if kubeconfig or settings.context:
        config.load_kube_config_from_dict(
            kubeconfig,
            context=settings.context or None,
            client_configuration=configuration,
            persist_config=False,
        )
    else:
        config.load_incluster_config(client_configuration=configuration)


def _put_on_the_way(configuration: client.Configuration) -> None:
    """Set the proxy that the kubeconfig or the environment puts on the way to the API server."""
    try:
        configuration.proxy = proxy_for(configuration.host, configuration.proxy or "")
        # NO_PROXY has had its say; the official client must not ask it once more, by other rules.
        configuration.no_proxy = ""  # type: ignore[attr-defined] # the stubs are older
    except KubeError as error:
        raise ProviderError(error.message, hint=error.hint) from error
    if credentials := proxy_credentials(configuration.proxy):
        headers = urllib3.make_headers(proxy_basic_auth=credentials)
        configuration.proxy_headers = headers  # type: ignore[attr-defined] # the stubs are older


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
    kubeconfig = _kubeconfig(settings)
    wanted = settings.context or kubeconfig.get("current-context")
    for entry in kubeconfig.get("contexts") or []:
        if entry.get("name") == wanted:
            return str(at(entry, "context", "namespace") or "default")
    return "default"


def _kubeconfig(settings: Settings) -> dict[str, Any]:
    return settings.kubeconfig if settings.kubeconfig is not None else _ambient_kubeconfig()


def _ambient_kubeconfig() -> dict[str, Any]:
    """Return the user's own kubeconfig, merged from its files; empty where there is none."""
    try:
        parsed = yaml.safe_load(merged(default_files()))
    except OSError:
        return {}
    except KubeconfigError as error:
        raise ProviderError(
            f"the kubeconfig cannot be used: {error}", hint="`kubectl config view` must be able to read it."
        ) from error
    return dict(parsed)
