from collections.abc import Mapping
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypedDict, TypeVar

from urllib3 import PoolManager

_T = TypeVar("_T")

class _AuthSetting(TypedDict):
    type: str
    key: str
    value: str

class Configuration:
    host: str
    ssl_ca_cert: str | None
    verify_ssl: bool
    cert_file: str | None
    key_file: str | None
    tls_server_name: str | None
    proxy: str | None
    username: str | None
    api_key: dict[str, str]
    api_key_prefix: dict[str, str]
    connection_pool_maxsize: int
    def __init__(self) -> None: ...
    def auth_settings(self) -> dict[str, _AuthSetting]: ...
    def get_api_key_with_prefix(self, identifier: str) -> str | None: ...
    def get_basic_auth_token(self) -> str: ...

class _RestClient:
    pool_manager: PoolManager

class ApiClient:
    configuration: Configuration
    rest_client: _RestClient
    def __init__(self, configuration: Configuration | None = None) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def close(self) -> None: ...

class ApiException(Exception):
    status: int | None
    reason: str | None
    body: str | None

# Models: read from answers of an API server, so that fields are there which a request may leave out.

class V1ObjectMeta:
    name: str
    namespace: str
    uid: str
    resource_version: str

class V1ObjectReference:
    kind: str | None
    namespace: str | None
    name: str | None

class V1Namespace:
    metadata: V1ObjectMeta

class V1Job:
    metadata: V1ObjectMeta

class V1PodCondition:
    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str | None
    message: str | None

class V1PersistentVolumeClaimVolumeSource:
    claim_name: str

class V1Volume:
    name: str
    persistent_volume_claim: V1PersistentVolumeClaimVolumeSource | None

class V1PodSpec:
    volumes: list[V1Volume] | None

class V1ContainerState:
    terminated: object | None

class V1ContainerStatus:
    container_id: str
    state: V1ContainerState
    last_state: V1ContainerState

class V1Secret:
    data: dict[str, str]

class V1PodStatus:
    phase: str
    container_statuses: list[V1ContainerStatus] | None
    conditions: list[V1PodCondition] | None

class V1Pod:
    metadata: V1ObjectMeta
    spec: V1PodSpec
    status: V1PodStatus

class V1ServicePort:
    node_port: int

class V1ServiceSpec:
    cluster_ip: str
    ports: list[V1ServicePort]

class V1Service:
    spec: V1ServiceSpec

class V1LocalVolumeSource:
    path: str

class V1PersistentVolumeSpec:
    claim_ref: V1ObjectReference
    local: V1LocalVolumeSource
    persistent_volume_reclaim_policy: str

class V1PersistentVolume:
    metadata: V1ObjectMeta
    spec: V1PersistentVolumeSpec

class V1EndpointConditions:
    ready: bool | None

class V1Endpoint:
    addresses: list[str]
    conditions: V1EndpointConditions | None
    target_ref: V1ObjectReference | None

class DiscoveryV1EndpointPort:
    name: str | None
    port: int | None
    protocol: str | None

class V1EndpointSlice:
    endpoints: list[V1Endpoint] | None
    ports: list[DiscoveryV1EndpointPort] | None

class VersionInfo:
    git_version: str

class V1CertificateSigningRequestStatus:
    certificate: str | None

class V1CertificateSigningRequest:
    metadata: V1ObjectMeta
    status: V1CertificateSigningRequestStatus

class V1SubjectAccessReviewStatus:
    allowed: bool

class V1SelfSubjectAccessReview:
    status: V1SubjectAccessReviewStatus

class V1ListMeta:
    resource_version: str

class _List(Generic[_T]):
    metadata: V1ListMeta
    items: list[_T]

class _Api:
    def __init__(self, api_client: ApiClient | None = None) -> None: ...

class VersionApi(_Api):
    def get_code(self, *, _request_timeout: float = ...) -> VersionInfo: ...

class DiscoveryV1Api(_Api):
    def list_namespaced_endpoint_slice(
        self, namespace: str, *, label_selector: str = ..., _request_timeout: float = ...
    ) -> _List[V1EndpointSlice]: ...

class AuthorizationV1Api(_Api):
    def create_self_subject_access_review(self, body: Mapping[str, Any]) -> V1SelfSubjectAccessReview: ...

class BatchV1Api(_Api):
    def create_namespaced_job(self, namespace: str, body: Mapping[str, Any]) -> object: ...
    def list_namespaced_job(self, namespace: str) -> _List[V1Job]: ...

class CertificatesV1Api(_Api):
    def create_certificate_signing_request(self, body: Mapping[str, Any]) -> V1CertificateSigningRequest: ...
    def patch_certificate_signing_request_approval(self, name: str, body: Mapping[str, Any]) -> object: ...
    def list_certificate_signing_request(
        self, *, field_selector: str = ...
    ) -> _List[V1CertificateSigningRequest]: ...
    def delete_certificate_signing_request(self, name: str) -> object: ...

class AppsV1Api(_Api):
    def patch_namespaced_stateful_set(self, name: str, namespace: str, body: Mapping[str, Any]) -> object: ...
    def patch_namespaced_stateful_set_scale(
        self, name: str, namespace: str, body: Mapping[str, Any]
    ) -> object: ...

class CoreV1Api(_Api):
    def list_node(self) -> object: ...
    def list_namespaced_secret(self, namespace: str) -> object: ...
    def delete_namespace(self, name: str) -> object: ...
    def list_namespace(self) -> _List[V1Namespace]: ...
    def list_persistent_volume(self) -> _List[V1PersistentVolume]: ...
    def patch_persistent_volume(self, name: str, body: Mapping[str, Any]) -> V1PersistentVolume: ...
    def create_namespaced_pod(self, namespace: str, body: Mapping[str, Any]) -> V1Pod: ...
    def read_namespaced_pod(self, name: str, namespace: str) -> V1Pod: ...
    def delete_namespaced_pod(
        self, name: str, namespace: str, *, grace_period_seconds: int = ...
    ) -> V1Pod: ...
    def delete_namespaced_persistent_volume_claim(self, name: str, namespace: str) -> object: ...
    def list_namespaced_pod(self, namespace: str, *, field_selector: str = ...) -> _List[V1Pod]: ...
    def read_namespaced_service(self, name: str, namespace: str) -> V1Service: ...
    def read_namespaced_secret(self, name: str, namespace: str) -> V1Secret: ...
    def patch_namespaced_secret(self, name: str, namespace: str, body: object) -> V1Secret: ...
    def delete_namespaced_secret(self, name: str, namespace: str) -> object: ...
    def connect_get_namespaced_pod_exec(self, name: str, namespace: str) -> str: ...
    def connect_get_namespaced_pod_portforward(self, name: str, namespace: str) -> object: ...
