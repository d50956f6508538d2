"""Make a backup: `heddle backup create`. It exists once its manifest is written, which comes last."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from heddle.backup.catalog import newest_backup
from heddle.backup.contents import Writer, known_files
from heddle.backup.copying import Progress, copy_channel
from heddle.backup.manifest import FORMAT, ChannelBackup, Manifest, PeerBackup, backup_id, write_manifest
from heddle.backup.place import Place
from heddle.backup.privatedata import copy_private_data
from heddle.durations import timestamp
from heddle.errors import BackupError
from heddle.network.network import Network
from heddle.planner.operations import Operation
from heddle.state.stack import Stack
from heddle.versions import HEDDLE

__all__ = ["Created", "create_backup"]


@dataclass(frozen=True, kw_only=True)
class Created:
    """Describe a backup that was made: its manifest, and the bytes that were written to the target."""

    manifest: Manifest
    sent: int


async def create_backup(stack: Stack, network: Network, place: Place, progress: Progress) -> Created:
    """Make a backup of an instance, under the stack's lock, which the caller holds.

    A backup that ends half-way leaves objects that no manifest names: they hinder nobody, a later one of the
    same content takes their place, and pruning removes them.

    Raises BackupError, FabricError or EngineError; there is no new backup then.
    """
    before = await newest_backup(place.target)
    _check_same_stack(stack, before, place)
    now = _begin(before)
    if before is not None and before.recipients != place.recipients:
        progress("the backups are encrypted to others than before: everything travels anew")
    shared = before if before is not None and before.recipients == place.recipients else None
    writer = Writer(place.target, place.recipients, known_files(shared, place.recipients))
    channels, peers = await _ledgers(network, shared, writer, progress)
    # After the ledgers: the lock keeps it as it is.
    state, file = _files(stack)
    manifest = Manifest(
        format=FORMAT,
        id=backup_id(now),
        created=timestamp(now),
        heddle=HEDDLE,
        stack=stack.name,
        project=stack.project.name,
        instance=network.instance.name,
        namespace=network.instance.namespace,
        standin=network.instance.standin,
        recipients=place.recipients,
        state=await writer.add("state.json", state),
        stack_file=await writer.add(f"Pulumi.{stack.name}.yaml", file),
        channels=channels,
        peers=peers,
    )
    await place.target.write_manifest(manifest.id, write_manifest(manifest))
    return Created(manifest=manifest, sent=writer.sent)


async def _ledgers(
    network: Network, shared: Manifest | None, writer: Writer, progress: Progress
) -> tuple[dict[str, ChannelBackup], dict[str, PeerBackup]]:
    """Return the channels, and the private data of organizations up to the same heights, by name.

    `shared`: the backup before, whose blocks and private data this one takes over.
    """
    channels: dict[str, ChannelBackup] = {}
    peers: dict[str, PeerBackup] = {}
    async with network.connections(Operation.BACK_UP) as connections:
        for name in network.instance.channels:
            former = shared.channels.get(name) if shared else None
            channels[name] = await copy_channel(network, connections, name, former, writer, progress)
        for name in _managed(network):
            kept, copied = shared.peers.get(name) if shared else None, tuple(channels.values())
            peers[name] = await copy_private_data(network, connections, name, copied, kept, writer, progress)
    return channels, peers


def _managed(network: Network) -> list[str]:
    """Return the organizations whose peers are of this stack."""
    return sorted({peer.organization for peer in network.instance.peers})


def _check_same_stack(stack: Stack, before: Manifest | None, place: Place) -> None:
    """Refuse a target with another stack's backups: pruning for one would remove what the other needs."""
    own = (stack.project.name, stack.name)
    if before is not None and (before.project, before.stack) != own:
        raise BackupError(
            f"{place.target.place} has backups of {place.instance} from stack {before.stack!r} of project "
            f"{before.project!r}, not from {stack.name!r} of {stack.project.name!r}",
            hint="Name another target: a folder or prefix of its own for each stack.",
        )


def _begin(before: Manifest | None) -> datetime:
    """Return the time that names a backup: now, but after the one before, whatever the clock says."""
    now = datetime.now(UTC).replace(microsecond=0)
    return now if before is None else max(now, datetime.fromisoformat(before.created) + timedelta(seconds=1))


def _files(stack: Stack) -> tuple[bytes, bytes]:
    """Return Pulumi's checkpoint and the stack file. Raises BackupError when one of them cannot be read."""
    file = stack.project.stacks / f"Pulumi.{stack.name}.yaml"
    return stack.backend.content(), _content(file)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}") from error
