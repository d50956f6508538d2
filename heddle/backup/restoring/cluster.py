"""Look whether a namespace is free for a restore, and make the namespace and the claims in it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from heddle.backup.restoring.wanted import Made, Wanted
from heddle.errors import BackupError
from heddle.kube.claims import claims_in, claims_of
from heddle.kube.client import Json, KubeClient, refusal
from heddle.plugin.interface import Severity
from heddle.provider.handler import Call
from heddle.provider.namespace_ownership import NamespaceOwnershipHandler
from heddle.provider.session import Session

__all__ = ["expect_free", "make_claims", "make_namespace"]

_RESTORED = "heddle.dev/restored-from"
"""Annotation of a claim: the backup whose restore made it."""


async def expect_free(client: KubeClient, wanted: Wanted, backup: str, jobs: str) -> None:
    """Raise BackupError while nodes live in the namespace, or a claim there is not of this restore.

    `jobs` is the end of the names of the restore's own Jobs.
    """
    namespace = wanted.namespace.name
    statefulsets, pods = await client.lists(
        f"/apis/apps/v1/namespaces/{quote(namespace)}/statefulsets",
        f"/api/v1/namespaces/{quote(namespace)}/pods",
    )
    nodes = {str(each["metadata"]["name"]) for each in statefulsets} & wanted.statefulsets.keys()
    # A node's own pod says nothing more: its claim has the node's name.
    others = {
        f"pod {each['metadata']['name']}"
        for each in pods
        if _used(each, wanted) - nodes and not _is_own(each, jobs)
    }
    if living := sorted(nodes | others):
        raise BackupError(
            f"namespace {namespace} has nodes of this instance: {', '.join(living)}",
            hint="A restore is for an instance that has lost everything: an older ledger, or one old log of "
            "Raft, among nodes that live would lose what was ordered since. For one peer: `heddle runbook "
            "run rejoin-peer`; for one orderer: docs/operations/lost-orderer.md. To put all back to the "
            "backup, `heddle destroy` first, and delete the claims.",
        )
    for name, claim in (await claims_of(client, namespace)).items():
        marked = (claim["metadata"].get("annotations") or {}).get(_RESTORED)
        if name in wanted.claims and marked != backup:
            raise BackupError(
                f"namespace {namespace} has claim {name}, "
                + (f"made by the restore of backup {marked}" if marked else "which a node has used"),
                hint="A restore writes new volumes only. If what is on it is of no use any more: "
                f"kubectl delete pvc {name} --namespace {namespace}",
            )


def _used(pod: Json, wanted: Wanted) -> set[str]:
    """Return the claims of this instance that a pod has."""
    return set(claims_in(pod.get("spec"))) & wanted.claims.keys()


def _is_own(pod: Json, jobs: str) -> bool:
    return str((pod["metadata"].get("labels") or {}).get("batch.kubernetes.io/job-name", "")).endswith(jobs)


async def make_namespace(client: KubeClient, kubeconfig: str, wanted: Wanted) -> None:
    """Make the namespace with the mark of its owner, the stack, unless it is there.

    Raises ProviderError for a namespace of another stack, or without the rights.
    """
    session = Session(_silent)
    session.configure(kubeconfig, "")
    call = Call(urn="", inputs=dict(wanted.ownership))
    await NamespaceOwnershipHandler(session).create(call)
    await _apply(client, f"/api/v1/namespaces/{quote(wanted.namespace.name)}", wanted.namespace)


async def make_claims(client: KubeClient, wanted: Wanted, backup: str) -> None:
    """Make the claims of all nodes, marked as made by the restore."""
    for claim in wanted.claims.values():
        metadata = claim.manifest["metadata"]
        marked = {**(metadata.get("annotations") or {}), _RESTORED: backup}
        manifest = {**claim.manifest, "metadata": {**metadata, "annotations": marked}}
        path = f"/api/v1/namespaces/{quote(metadata['namespace'])}/persistentvolumeclaims/{quote(claim.name)}"
        await _apply(client, path, Made(manifest=manifest, manager=claim.manager))


async def _apply(client: KubeClient, path: str, obj: Made) -> None:
    """Apply an object as its manager in the state does: `up` finds its own."""
    manifest: Mapping[str, Any] = obj.manifest
    response = await client.send(
        "PATCH",
        path,
        query={"fieldManager": obj.manager, "force": "true"},
        json=manifest,
        content_type="application/apply-patch+yaml",
        repeatable=True,
    )
    if response.status_code not in (200, 201):
        raise refusal(response)


async def _silent(severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
    """Drop what a resource says of itself: `up` says it again."""
