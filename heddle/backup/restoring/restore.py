"""Restore a whole instance: `heddle backup restore`.

Everything that can be refused is refused before anything is made. The volumes come before the state: until
the state is there `up` knows nothing of the restore, and a restore that was killed is simply run again.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from heddle.backup.contents import Reader
from heddle.backup.copying import Progress
from heddle.backup.manifest import Manifest
from heddle.backup.restoring.cluster import expect_free, make_claims, make_namespace
from heddle.backup.restoring.ledgers import (
    Chunk,
    LedgerFile,
    ProvedChannel,
    block_chunks,
    described,
    prove_channel,
    raft_chunks,
)
from heddle.backup.restoring.private import store_chunks
from heddle.backup.restoring.state import restored_checkpoint
from heddle.backup.restoring.volumes import NodeVolume, mounted_volumes, volume_verdict
from heddle.backup.restoring.wanted import (
    Wanted,
    expect_own_backup,
    expect_restorable,
    genesis_hashes,
    wanted_of,
)
from heddle.config import StackSettings
from heddle.errors import BackupError
from heddle.kube.apiserver import ApiServer
from heddle.kube.client import KubeClient
from heddle.state.resource import Resource
from heddle.state.stack import Stack, resources_in
from heddle.text import counted
from heddle.topology import Topology, plan

__all__ = ["Restoration", "Restored", "prepare_restoration", "read_restoration", "restore", "write_volume"]


_TURNS = 3
"""Times that a volume is written where pieces do not arrive whole, as from a kubelet that is busy."""


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """Hold what a restore is about, everything of it read and proved."""

    stack: Stack
    settings: StackSettings
    topology: Topology
    manifest: Manifest
    reader: Reader
    wanted: Wanted
    channels: tuple[ProvedChannel, ...]
    resources: tuple[Resource, ...]
    private: Mapping[str, tuple[Chunk, ...]]
    """Private data of organizations, by name, as the store that each of their peers begins with."""
    checkpoint: bytes

    @property
    def jobs(self) -> str:
        """Return the end of the names of the restore's Jobs."""
        return f"restore-{self.manifest.id}"

    def files_of(self, node: str) -> dict[str, LedgerFile]:
        """Return the files that a node begins with, by their path below its claim."""
        if chunks := self.private_of(node):
            return described(chunks)
        return {path: file for channel in self.channels_of(node) for path, file in channel.files.items()}

    def channels_of(self, node: str) -> list[ProvedChannel]:
        """Return the channels that an ordering node orders."""
        addresses = [each.address for each in self.topology.ordering.nodes if each.name == node]
        return [each for each in self.channels if set(addresses) & set(each.consenters)]

    def private_of(self, node: str) -> tuple[Chunk, ...]:
        """Return the private data that a peer begins with."""
        for organization in self.topology.managed:
            if node in {each.name for each in organization.nodes}:
                return self.private.get(organization.name, ())
        return ()

    @property
    def written(self) -> list[str]:
        """Return the nodes whose volumes are written: those of orderers, and of peers with private data."""
        peers = [
            each.name
            for one in self.topology.managed
            for each in one.nodes
            if each.name in self.wanted.claims
        ]
        return [*self.orderers, *(each for each in peers if self.private_of(each))]

    @property
    def orderers(self) -> list[str]:
        """Return the nodes that begin with blocks."""
        return [each.name for each in self.topology.ordering.nodes if self.channels_of(each.name)]


@dataclass(frozen=True, kw_only=True)
class Restored:
    """Say which volumes were written, and whether the state was; none and False: all was there already."""

    written: tuple[str, ...]
    state: bool


async def read_restoration(
    stack: Stack, settings: StackSettings, manifest: Manifest, reader: Reader, progress: Progress
) -> Restoration:
    """Read and prove a backup, and refuse one that could not order. The cluster is not asked.

    Raises BackupError.
    """
    topology = plan(settings.instance, public_address=settings.cluster.public_address)
    standin = settings.instance.standin
    expect_own_backup(manifest, topology, project=stack.project.name, stack=stack.name, standin=standin)
    content = await reader.read(manifest.state)
    resources = resources_in(content, f"the state in backup {manifest.id}")
    wanted = wanted_of(resources)
    channels = [
        await prove_channel(reader, each, standin=standin, progress=progress)
        for each in manifest.channels.values()
    ]
    expect_restorable(wanted, topology, channels, genesis_hashes(stack.resources))
    return Restoration(
        stack=stack,
        settings=settings,
        topology=topology,
        manifest=manifest,
        reader=reader,
        wanted=wanted,
        channels=tuple(channels),
        resources=tuple(resources),
        private=await _private(reader, manifest),
        checkpoint=restored_checkpoint(content, cluster_identifier=settings.cluster.identifier),
    )


async def prepare_restoration(
    stack: Stack, settings: StackSettings, manifest: Manifest, reader: Reader, progress: Progress
) -> Restoration:
    """Read and prove a backup, and refuse what cannot be restored safely. Nothing is changed.

    Raises BackupError, KubeError.
    """
    found = await read_restoration(stack, settings, manifest, reader, progress)
    async with KubeClient(await ApiServer.load(settings.cluster.kubeconfig)) as client:
        await expect_free(client, found.wanted, manifest.id, found.jobs)
    return found


async def restore(restoration: Restoration, progress: Progress) -> Restored:
    """Make the namespace, the claims and the content of the orderers' volumes, then the state.

    The caller holds the stack's lock. Raises BackupError, KubeError, ProviderError, EngineError; the same
    call goes on after that.
    """
    kubeconfig, wanted = restoration.settings.cluster.kubeconfig, restoration.wanted
    server = await ApiServer.load(kubeconfig)
    async with KubeClient(server) as client:
        # Once more, under the lock: the answer may be old by now.
        await expect_free(client, wanted, restoration.manifest.id, restoration.jobs)
        progress(f"making namespace {wanted.namespace.name} and {counted(len(wanted.claims), 'claim')}")
        await make_namespace(client, kubeconfig, wanted)
        await make_claims(client, wanted, restoration.manifest.id)
    statefulsets: Mapping[str, Mapping[str, object]] = {
        name: wanted.statefulsets[name] for name in restoration.written
    }
    async with mounted_volumes(server, statefulsets, suffix=restoration.jobs) as volumes:
        written = await asyncio.gather(
            *(write_volume(restoration, name, volume, progress) for name, volume in volumes.items())
        )
    return Restored(
        written=tuple(name for name, wrote in zip(volumes, written, strict=True) if wrote),
        state=_save(restoration, progress),
    )


async def _private(reader: Reader, manifest: Manifest) -> dict[str, tuple[Chunk, ...]]:
    """Return the stores of private data."""
    return {
        name: await store_chunks(reader, each, sorted(manifest.channels))
        for name, each in manifest.peers.items()
    }


async def write_volume(restoration: Restoration, name: str, volume: NodeVolume, progress: Progress) -> bool:
    """Write a volume unless that is done; return whether it was written."""
    wanted, backup = restoration.files_of(name), restoration.manifest.id
    try:
        verdict = volume_verdict(await volume.listed(), wanted, backup)
    except BackupError as error:
        raise BackupError(f"the volume of {name}: {error.message}", hint=error.hint) from error
    if verdict == "write":
        await volume.begin(backup, wanted)
    differing = sorted(wanted) if verdict == "write" else await volume.differing(wanted)
    for turn in range(_TURNS if verdict == "write" else 0):
        progress(f"{name}: writing {counted(len(wanted), 'file')}" + (", once more" if turn else ""))
        async for chunk in _chunks(restoration, name):
            await volume.write(chunk)
        if not (differing := await volume.differing(wanted)):
            break
    if differing:
        raise BackupError(
            f"the volume of {name} has not what was written: {', '.join(differing)}",
            hint="Restore again. If it stays so, the volume or the way to it is damaged.",
        )
    await volume.finish(backup)
    return verdict == "write"


async def _chunks(restoration: Restoration, name: str) -> AsyncIterator[Chunk]:
    """Yield all pieces of a node's files."""
    standin = restoration.manifest.standin
    for channel in restoration.channels_of(name):
        async for chunk in block_chunks(restoration.reader, channel.backup, standin=standin):
            yield chunk
        for chunk in _raft(channel, standin=standin):
            yield chunk
    for chunk in restoration.private_of(name):
        yield chunk


def _raft(channel: ProvedChannel, *, standin: bool) -> Sequence[Chunk]:
    return () if standin or channel.bft else raft_chunks(channel.backup.name, channel.last)


def _save(restoration: Restoration, progress: Progress) -> bool:
    """Put the restored state in the place of the one that is here, which is set aside among its backups."""
    backend = restoration.stack.backend
    if backend.exists() and backend.content() == restoration.checkpoint:
        return False
    progress("putting the state in its place")
    backend.begin()
    backend.save(restoration.checkpoint.decode())
    return True
