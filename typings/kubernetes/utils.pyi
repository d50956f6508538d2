from collections.abc import Mapping
from typing import Any

from kubernetes.client import ApiClient

def create_from_dict(k8s_client: ApiClient, data: Mapping[str, Any]) -> object: ...
