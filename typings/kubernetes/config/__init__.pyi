from collections.abc import Mapping
from typing import Any

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import kube_config as kube_config
from kubernetes.config.config_exception import ConfigException as ConfigException

def load_kube_config(
    config_file: str | None = None,
    context: str | None = None,
    client_configuration: Configuration | None = None,
    persist_config: bool = True,
) -> None: ...
def load_kube_config_from_dict(
    config_dict: Mapping[str, Any],
    context: str | None = None,
    client_configuration: Configuration | None = None,
    persist_config: bool = True,
) -> None: ...
def load_incluster_config(client_configuration: Configuration | None = None) -> None: ...
def new_client_from_config(config_file: str | None = None, context: str | None = None) -> ApiClient: ...
def new_client_from_config_dict(config_dict: Mapping[str, Any], context: str | None = None) -> ApiClient: ...
