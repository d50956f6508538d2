"""Read from a backup's state what a restore makes in the cluster, and refuse what is not safe. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heddle.backup.manifest import Manifest
from heddle.backup.restoring.ledgers import ProvedChannel
from heddle.errors import BackupError
from heddle.plugin.values import reveal
from heddle.schema.channel import CHANNEL
from heddle.schema.kubernetes import NAMESPACE_OWNERSHIP
from heddle.state.resource import Resource
from heddle.topology import Topology

__all__ = [
    "CLAIM",
    "NAMESPACE",
    "STATEFULSET",
    "Made",
    "Wanted",
    "expect_own_backup",
    "expect_restorable",
    "genesis_hashes",
    "manifest_of",
    "wanted_of",
]

NAMESPACE = "kubernetes:core/v1:Namespace"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
STATEFULSET = "kubernetes:apps/v1:StatefulSet"


@dataclass(frozen=True, kw_only=True)
class Made:
    """Hold an object that a restore makes as the state has it, and the manager that owns its fields."""

    manifest: Mapping[str, Any]
    manager: str

    @property
    def name(self) -> str:
        """Return the object's name."""
        return str(self.manifest["metadata"]["name"])


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Describe what a restore makes: the namespace with its owner's mark, and the claims of all nodes.

    statefulsets: of nodes, by name; they are not made, but the Jobs on their claims are made like them.
    genesis: the hash of each channel's genesis block, by the channel's name.
    """

    ownership: Mapping[str, Any]
    namespace: Made
    claims: Mapping[str, Made]
    statefulsets: Mapping[str, Mapping[str, Any]]
    genesis: Mapping[str, str]


def wanted_of(resources: Iterable[Resource]) -> Wanted:
    """Return what a state has of a cluster. Raises BackupError for the state of no instance."""
    living = [each for each in resources if each.custom and not each.delete]
    ownership = [reveal(each.inputs) for each in living if each.type == NAMESPACE_OWNERSHIP.type]
    namespaces = [_made(each) for each in living if each.type == NAMESPACE]
    if len(ownership) != 1 or len(namespaces) != 1:
        raise BackupError(
            "the state in the backup has no namespace: it is of an instance that was not up",
            hint="Use another backup.",
        )
    claims = {each.name: each for each in map(_made, (item for item in living if item.type == CLAIM))}
    return Wanted(
        ownership=ownership[0],
        namespace=namespaces[0],
        claims=claims,
        statefulsets={
            str(each["metadata"]["name"]): each
            for each in (manifest_of(item) for item in living if item.type == STATEFULSET)
        },
        genesis=genesis_hashes(living),
    )


def genesis_hashes(resources: Iterable[Resource]) -> dict[str, str]:
    """Return the hash of each channel's genesis block, as a state has it."""
    return {
        str(each.inputs["channel"]): str(each.outputs["genesisHash"])
        for each in resources
        if each.type == CHANNEL.type and not each.delete and "genesisHash" in each.outputs
    }


def expect_own_backup(
    manifest: Manifest, topology: Topology, *, project: str, stack: str, standin: bool
) -> None:
    """Raise BackupError for the backup of something else than this stack's instance."""
    if (manifest.project, manifest.stack) != (project, stack):
        raise BackupError(
            f"backup {manifest.id} is of stack {manifest.stack!r} of project {manifest.project!r}, not of "
            f"{stack!r} of {project!r}: the names are in its state",
            hint=f"Restore it as stack {manifest.stack!r}.",
        )
    if (manifest.instance, manifest.namespace) != (topology.instance, topology.namespace):
        raise BackupError(
            f"backup {manifest.id} is of instance {manifest.instance!r} in namespace {manifest.namespace!r}; "
            f"the stack file says {topology.instance!r} in {topology.namespace!r}",
            hint="Namespaces are in the names that channels and certificates have of nodes. Restore into a "
            "namespace of the same name, in any cluster.",
        )
    if manifest.standin != standin:
        raise BackupError(
            f"backup {manifest.id} is of {_kind(standin=manifest.standin)}, and the stack file asks for "
            f"{_kind(standin=standin)}",
            hint="Put `standin` in the stack file back as it was.",
        )


def expect_restorable(
    wanted: Wanted, topology: Topology, proved: Sequence[ProvedChannel], known: Mapping[str, str]
) -> None:
    """Raise BackupError where what is restored could not order, or is not what this stack had.

    `known`: genesis hashes by channel of the state that is here before the restore.
    """
    for channel in proved:
        name, found = channel.backup.name, channel.backup.genesis_hash
        for whose, hashes in (("the state in the backup", wanted.genesis), ("the stack's own state", known)):
            if hashes.get(name, found) != found:
                raise _wrong_genesis(name, found, whose, hashes[name])
        _expect_own_consenters(channel, wanted, topology)
    if missing := sorted(wanted.genesis.keys() - {each.backup.name for each in proved}):
        raise BackupError(
            f"the backup has no blocks of channel {', '.join(missing)}", hint="Use another one."
        )
    _expect_same_classes(wanted, topology)


def _wrong_genesis(channel: str, found: str, whose: str, expected: str) -> BackupError:
    return BackupError(
        f"channel {channel}: the backup's genesis block has hash {found[:16]}…, the one of {whose} "
        f"{expected[:16]}…: they are two networks",
        hint="Restore a backup of this network. If the one that is here is to go: `heddle destroy` first.",
    )


def _expect_own_consenters(channel: ProvedChannel, wanted: Wanted, topology: Topology) -> None:
    name = channel.backup.name
    own = {node.address: node.name for node in topology.ordering.nodes}
    if others := sorted(set(channel.consenters) - own.keys()):
        raise BackupError(
            f"channel {name} is also ordered by {', '.join(others)}, which the stack file does not name",
            hint="Consenters that live have a newer ledger, and an older one among them loses what was "
            "ordered since: let this stack's orderers join anew there. If it is this stack's own node, "
            "restore with the stack file of the backup: --stack-file.",
        )
    names = {own[address] for address in channel.consenters}
    if unknown := sorted(names - wanted.claims.keys() | names - wanted.statefulsets.keys()):
        raise BackupError(f"channel {name}: the backup's state has no volume for {', '.join(unknown)}")


def _expect_same_classes(wanted: Wanted, topology: Topology) -> None:
    for node in topology.stored:
        claim = wanted.claims.get(node.name)
        had = claim.manifest["spec"].get("storageClassName") if claim else node.storage_class
        if had != node.storage_class:
            raise BackupError(
                f"{node.name}: the stack file asks for a volume of class {_class(node.storage_class)}, the "
                f"backup's state has one of {_class(had)}, and no volume changes its class",
                hint="Put the class back in the stack file; the cluster needs a StorageClass of that name.",
            )


def _class(name: str | None) -> str:
    return name or "the cluster's default"


def _kind(*, standin: bool) -> str:
    return "stand-ins" if standin else "Fabric's nodes"


def manifest_of(resource: Resource) -> dict[str, Any]:
    """Return the Kubernetes object that a resource's inputs describe, secrets in clear."""
    return {key: value for key, value in reveal(resource.inputs).items() if not key.startswith("__")}


def _made(resource: Resource) -> Made:
    return Made(manifest=manifest_of(resource), manager=str(resource.outputs.get("__fieldManager", "")))
