"""List the fields of each kind that cannot be changed in place, so that a change replaces the object.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/diff.go. Paths are JSONPaths; `[*]` is any list item.
"""

from heddle.embedded.engine.kubernetes.objects import Json, kind_id

__all__ = ["fields_that_replace"]

_METADATA = (".metadata.name", ".metadata.namespace")
_SELECTOR = (".spec.selector",)
_ROLE_BINDING = (".roleRef",)


def _under(prefix: str, fields: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{field}" for field in fields.split())


_POD_SPEC = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC "
    "hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority "
    "priorityClassName readinessGates restartPolicy runtimeClassName schedulerName securityContext "
    "serviceAccount serviceAccountName shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
)
_CONTAINER = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources "
    "securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices "
    "volumeMounts workingDir"
)
_VOLUME_SOURCES = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk "
    "glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos "
    "vsphereVolume"
)

_FIELDS: dict[str, tuple[str, ...]] = {
    "apps/v1/DaemonSet": _SELECTOR,
    "apps/v1/Deployment": _SELECTOR,
    "apps/v1/StatefulSet": (
        ".spec.podManagementPolicy",
        ".spec.revisionHistoryLimit",
        ".spec.selector",
        ".spec.serviceName",
        ".spec.volumeClaimTemplates",
    ),
    "batch/v1/Job": (".spec.completions", ".spec.parallelism", ".spec.selector", ".spec.template"),
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": _ROLE_BINDING,
    "rbac.authorization.k8s.io/v1/RoleBinding": _ROLE_BINDING,
    "storage.k8s.io/v1/StorageClass": (".parameters", ".provisioner"),
    "v1/PersistentVolume": _under(".spec", _VOLUME_SOURCES),
    "v1/PersistentVolumeClaim": (
        ".spec.accessModes",
        ".spec.selector",
        ".spec.storageClassName",
        ".spec.volumeName",
    ),
    "v1/Pod": (
        *_under(".spec", _POD_SPEC),
        *_under(".spec.containers[*]", _CONTAINER),
        *_under(".spec.initContainers[*]", _CONTAINER),
    ),
    "v1/ResourceQuota": (".spec.scopes",),
    "v1/Secret": (".type",),
    "v1/Service": (".spec.clusterIP",),
}


def fields_that_replace(obj: Json, *, mutable_secrets: bool, mutable_config_maps: bool) -> tuple[str, ...]:
    """Return the paths whose change replaces the object: identity, and what its kind adds.

    Secrets and ConfigMaps are replaced by changed content unless the provider is told that they are mutable;
    those with `immutable: true` always are.
    """
    kind, immutable = kind_id(obj), obj.get("immutable") is True
    if kind == "v1/Secret" and (immutable or not mutable_secrets):
        return (*_METADATA, ".type", ".stringData", ".data")
    if kind == "v1/ConfigMap" and (immutable or not mutable_config_maps):
        return (*_METADATA, ".binaryData", ".data")
    return _METADATA + _FIELDS.get(kind, ())
