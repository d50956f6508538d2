from typing import Any

from kubernetes.client import ApiClient

class DynamicClient:
    resources: Any
    def __init__(self, client: ApiClient) -> None: ...
