"""What the cluster itself says, through the official Python client."""

import time
from pathlib import Path

import kubernetes

MADE = (
    *(("v1", kind) for kind in ("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service")),
    *(("apps/v1", kind) for kind in ("Deployment", "StatefulSet")),
    ("batch/v1", "Job"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
)
"""Versions and kinds of what Heddle makes in a namespace."""
BOUND = 600
"""Seconds after which something counts as never happening, on a machine however busy."""


class Kube:
    """The few questions that the end-to-end tests ask a cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self.client = kubernetes.config.new_client_from_config(str(kubeconfig))
        self.core = kubernetes.client.CoreV1Api(self.client)

    def namespaces(self) -> list[str]:
        """Names of all namespaces."""
        return [item.metadata.name for item in self.core.list_namespace().items]

    def volumes(self) -> list[str]:
        """Names of all persistent volumes that are not on their way out."""
        return [item.metadata.name for item in self.core.list_persistent_volume().items]

    def names_in(self, namespace: str) -> set[str]:
        """Return all that somebody made in a namespace, as `kind/name`, but for Roles and their bindings."""
        resources = kubernetes.dynamic.DynamicClient(self.client).resources
        found = set()
        for version, kind in MADE:
            items = resources.get(api_version=version, kind=kind).get(namespace=namespace).items
            found |= {f"{kind}/{item.metadata.name}" for item in items}
        return found - {"ConfigMap/kube-root-ca.crt"}

    def lose_volume(self, namespace: str, pod: str, *, seconds: int = BOUND) -> None:
        """Delete the claim of a pod and the pod; wait until its successor waits for that claim."""
        found = self.core.read_namespaced_pod(pod, namespace)
        claims = [
            each.persistent_volume_claim for each in found.spec.volumes or () if each.persistent_volume_claim
        ]
        for claim in claims:
            self.core.delete_namespaced_persistent_volume_claim(claim.claim_name, namespace)
        watch = kubernetes.watch.Watch()
        self.core.delete_namespaced_pod(pod, namespace)
        for event in watch.stream(
            self.core.list_namespaced_pod,
            namespace,
            field_selector=f"metadata.name={pod}",
            timeout_seconds=seconds,
        ):
            conditions = event["object"].status.conditions or ()
            misses = any("persistentvolumeclaim" in (each.message or "") for each in conditions)
            deleting = any("is being deleted" in (each.message or "") for each in conditions)
            if event["object"].metadata.uid != found.metadata.uid and misses and not deleting:
                watch.stop()
                return
        raise AssertionError(f"pod {namespace}/{pod} does not miss its volume after {seconds} s")

    def replace_pod(self, namespace: str, name: str, *, seconds: int = BOUND) -> None:
        """Delete a pod and wait until another of that name is ready."""
        old = self.core.read_namespaced_pod(name, namespace).metadata.uid
        self.core.delete_namespaced_pod(name, namespace)
        self.wait_for_pod(namespace, name, other_than=old, seconds=seconds)

    def wait_for_pod(
        self, namespace: str, name: str, *, there: bool = True, other_than: str = "", seconds: int = BOUND
    ) -> None:
        """Wait until a pod of that name is ready, another one than it was, or until there is none."""

        def ready(pod: kubernetes.client.V1Pod) -> bool:
            conditions = {each.type: each.status for each in pod.status.conditions or ()}
            return pod.metadata.uid != other_than and conditions.get("Ready") == "True"

        ask, selector = self.core.list_namespaced_pod, f"metadata.name={name}"
        found = ask(namespace, field_selector=selector)
        if any(map(ready, found.items)) if there else not found.items:
            return
        watch, since = kubernetes.watch.Watch(), found.metadata.resource_version
        for event in watch.stream(
            ask, namespace, field_selector=selector, resource_version=since, timeout_seconds=seconds
        ):
            if ready(event["object"]) if there else event["type"] == "DELETED":
                watch.stop()
                return
        raise AssertionError(
            f"pod {namespace}/{name} is not {'ready' if there else 'gone'} after {seconds} s"
        )

    def wait_until_gone(self, namespace: str, *, seconds: int = BOUND) -> None:
        """Wait until a namespace that is being deleted is no more."""
        end = time.monotonic() + seconds
        while namespace in self.namespaces():
            assert time.monotonic() < end, f"namespace {namespace} is not gone after {seconds} s"
            time.sleep(0.5)
