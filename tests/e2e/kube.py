"""What the cluster itself says, through the official Python client."""

from pathlib import Path

import kubernetes


class Kube:
    """The few questions that the end-to-end tests ask a cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        client = kubernetes.config.new_client_from_config(str(kubeconfig))
        self.core = kubernetes.client.CoreV1Api(client)

    def namespaces(self) -> list[str]:
        """Names of all namespaces."""
        return [item.metadata.name for item in self.core.list_namespace().items]

    def volumes(self) -> list[str]:
        """Names of all persistent volumes that are not on their way out."""
        return [item.metadata.name for item in self.core.list_persistent_volume().items]

    def lose_volume(self, namespace: str, pod: str, *, seconds: int = 90) -> None:
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

    def replace_pod(self, namespace: str, name: str, *, seconds: int = 90) -> None:
        """Delete a pod and wait until another of that name is ready."""
        old = self.core.read_namespaced_pod(name, namespace).metadata.uid
        watch = kubernetes.watch.Watch()
        self.core.delete_namespaced_pod(name, namespace)
        for event in watch.stream(
            self.core.list_namespaced_pod,
            namespace,
            field_selector=f"metadata.name={name}",
            timeout_seconds=seconds,
        ):
            pod = event["object"]
            conditions = {c.type: c.status for c in pod.status.conditions or ()}
            if pod.metadata.uid != old and conditions.get("Ready") == "True":
                watch.stop()
                return
        raise AssertionError(f"pod {namespace}/{name} was not ready again within {seconds} s")
