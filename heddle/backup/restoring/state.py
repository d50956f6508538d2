"""Turn the state in a backup into that of an instance whose cluster has nothing of it any more. Pure.

What stands in keys and on ledgers stays: authorities, certificates, passwords, channels, definitions. Of
what Kubernetes had, the namespace and the claims stay, which a restore makes; all else is for `up` to make
anew, and so is what peers had: they begin with empty volumes.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from heddle.backup.restoring.wanted import CLAIM, NAMESPACE
from heddle.errors import BackupError
from heddle.plain import ShapeError, parse_json
from heddle.schema.chaincode import CHAINCODE_INSTALLATION
from heddle.schema.kubernetes import ROLLOUT, VOLUMES
from heddle.schema.membership import PEER_MEMBERSHIP

__all__ = ["restored_checkpoint"]

Json: TypeAlias = Any
_MOST = 1 << 30
_KUBERNETES = "kubernetes:"
_PROVIDER = "pulumi:providers:kubernetes"
_MADE = (NAMESPACE, CLAIM)
_LOST = tuple(each.type for each in (ROLLOUT, VOLUMES, PEER_MEMBERSHIP, CHAINCODE_INSTALLATION))
"""Types of Heddle's own resources that say what the lost cluster had."""


def restored_checkpoint(content: bytes, *, cluster_identifier: str) -> bytes:
    """Return a checkpoint without what was lost with the cluster.

    `cluster_identifier` is the cluster's name in the stack file: another one would replace the namespace.
    Raises BackupError for what is no checkpoint.
    """
    try:
        document = parse_json(content, limit=_MOST).object()
        latest = document["checkpoint"]["latest"]
        resources = latest.get("resources") or []
        lost = {each["urn"] for each in resources if _is_lost(each)}
        kept = [_without(each, lost) for each in resources if not _is_lost(each)]
    except (ShapeError, LookupError, TypeError, AttributeError) as error:
        raise BackupError(f"the state in the backup is none: {error}", hint="Use another backup.") from None
    for each in kept:
        if each["type"] == _PROVIDER:
            for part in ("inputs", "outputs"):
                each[part] = {**each.get(part, {}), "clusterIdentifier": cluster_identifier}
    after = {key: value for key, value in latest.items() if key != "pending_operations"} | {"resources": kept}
    restored = {**document, "checkpoint": {**document["checkpoint"], "latest": after}}
    return json.dumps(restored, ensure_ascii=False, separators=(",", ":")).encode()


def _is_lost(resource: Mapping[str, Json]) -> bool:
    if resource.get("delete") or resource.get("pendingReplacement"):
        return True
    kind = str(resource["type"])
    # Components of Heddle's are no objects of the cluster, whatever is beneath them.
    return kind in _LOST or (kind.startswith(_KUBERNETES) and kind not in _MADE)


def _without(resource: Mapping[str, Json], lost: set[str]) -> dict[str, Json]:
    """Return a resource that refers to nothing that is lost: the state would be refused."""
    kept = dict(resource)
    if urns := kept.get("dependencies"):
        kept["dependencies"] = [urn for urn in urns if urn not in lost]
    if by_property := kept.get("propertyDependencies"):
        kept["propertyDependencies"] = {
            name: [urn for urn in urns or () if urn not in lost] for name, urns in by_property.items()
        }
    if kept.get("deletedWith") in lost:
        del kept["deletedWith"]
    return kept
