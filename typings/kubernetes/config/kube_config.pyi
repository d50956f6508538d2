from collections.abc import Mapping
from typing import Any

from kubernetes.client import Configuration

class KubeConfigLoader:
    def __init__(self, config_dict: Mapping[str, Any], *, temp_file_path: str | None = None) -> None: ...
    def load_and_set(self, client_configuration: Configuration) -> None: ...

def list_kube_config_contexts(
    config_file: str | None = None,
) -> tuple[list[dict[str, Any]], dict[str, Any]]: ...
