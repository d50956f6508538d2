"""Describe a backup: what it holds of which instance, and where the bytes are. Pure.

A manifest names objects of the target by their SHA-256, so that backups share what has not changed. It is
written last, in clear: listing, pruning and the next backup need no private key.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from heddle.errors import BackupError
from heddle.network.records import read_record, write_record
from heddle.plain import ShapeError, parse_json

__all__ = [
    "FORMAT",
    "BlockRange",
    "ChannelBackup",
    "Item",
    "Manifest",
    "PeerBackup",
    "Piece",
    "backup_id",
    "read_manifest",
    "time_of_backup",
    "write_manifest",
]

FORMAT = 1
"""Version of the format. Readers refuse a newer one: raise it when a field goes or changes its meaning."""
MOST = 64 * 1024 * 1024
"""Bytes of a manifest. One of a million blocks has a hundredth of that."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = "%Y%m%dt%H%M%Sz"
"""The time, UTC, at which a backup was begun: names sort as backups follow one another."""
_PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


def backup_id(begin: datetime) -> str:
    """Return the name of a backup that was begun at this time."""
    return f"{begin.astimezone(UTC):{_ID}}"


def time_of_backup(name: str) -> datetime | None:
    """Return the time at which the backup of this name was begun; None for a name that no backup has."""
    try:
        begin = datetime.strptime(name, _ID).replace(tzinfo=UTC)
    except ValueError:
        return None
    return begin if backup_id(begin) == name else None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Name an object of the target by the SHA-256 and size of its bytes, as they are stored."""

    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Item:
    """Describe a file of the backup: its path in it, its size and SHA-256, and the pieces it is made of.

    Each piece is a part of the file, in order, compressed by gzip and, if the backup is encrypted, by age.
    """

    path: str
    size: int
    sha256: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, kw_only=True)
class BlockRange:
    """Name the file with the blocks `first` to `last` of a channel, each behind its length as a varint."""

    first: int
    last: int
    item: Item


@dataclass(frozen=True, kw_only=True)
class ChannelBackup:
    """Describe a channel: its blocks from 0 on without a gap, and what proves them.

    height: number of blocks.
    genesis_hash, last_hash: hashes of the headers of block 0 and of the last one, hexadecimal.
    config_block, config_hash, config_sequence: the newest configuration block: its number, the hash of its
    header, and the configuration's sequence.
    confirmed_by: nodes whose own ledger has the last block with this hash.
    commit_hash: Fabric's hash of what the blocks made of the state, hexadecimal, the same on all peers that
        confirmed the last block; None where no peer did.
    """

    name: str
    height: int
    genesis_hash: str
    last_hash: str
    config_block: int
    config_hash: str
    config_sequence: int
    blocks: tuple[BlockRange, ...]
    confirmed_by: tuple[str, ...]
    commit_hash: str | None = None


@dataclass(frozen=True, kw_only=True)
class PeerBackup:
    """Describe an organization's private data, as far as its administrator may read it.

    name: the organization.
    peer: the peer that told the newest of it. Files are `peers/ORGANIZATION/CHANNEL/FIRST-LAST.private`, with
    what the transactions of these blocks wrote into collections.
    heights: number of blocks per channel that the files are level with.
    """

    name: str
    peer: str
    heights: Mapping[str, int]
    files: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Describe a backup.

    id: its name, the time of its begin in UTC: `20261129t024500z`.
    created: the time of its begin, RFC 3339.
    recipients: public keys of age that its objects are encrypted to; none = they are in clear.
    state: Pulumi's checkpoint; its secrets are encrypted by the stack's passphrase.
    stack_file: Pulumi.STACK.yaml.
    """

    format: int
    id: str
    created: str
    heddle: str
    stack: str
    project: str
    instance: str
    namespace: str
    standin: bool
    recipients: tuple[str, ...]
    state: Item
    stack_file: Item
    channels: Mapping[str, ChannelBackup]
    peers: Mapping[str, PeerBackup]

    def items(self) -> Iterator[Item]:
        """Yield every file of the backup."""
        yield self.state
        yield self.stack_file
        for channel in self.channels.values():
            yield from (each.item for each in channel.blocks)
        for peer in self.peers.values():
            yield from peer.files

    def objects(self) -> frozenset[str]:
        """Return the SHA-256 of every object that the backup needs."""
        return frozenset(piece.sha256 for item in self.items() for piece in item.pieces)


def write_manifest(manifest: Manifest) -> bytes:
    """Return a manifest as JSON; `read_manifest` makes the same of it."""
    return json.dumps(write_record(manifest), indent=1, sort_keys=True).encode() + b"\n"


def read_manifest(data: bytes, backup: str) -> Manifest:
    """Return the manifest of a backup. Raises BackupError: damaged, of a later Heddle, or another's."""
    try:
        plain = parse_json(data, limit=MOST)
        found = plain["format"].integer()
        if found != FORMAT:
            raise BackupError(
                f"backup {backup}: its format is {found}; this Heddle reads {FORMAT}",
                hint="Use the Heddle that made it.",
            )
        manifest = read_record(Manifest, plain)
        _check(manifest, backup)
    except ShapeError as error:
        raise BackupError(
            f"backup {backup}: its manifest cannot be read: {error}", hint="Use another backup."
        ) from error
    return manifest


def _check(manifest: Manifest, backup: str) -> None:
    """Raise ShapeError for what would lead out of the backup's folder, or for channels with gaps."""
    if manifest.id != backup or time_of_backup(manifest.id) is None:
        raise ShapeError(f"it is of a backup of another name, expected {backup}")
    for item in manifest.items():
        if not _PATH.fullmatch(item.path) or {".", ".."} & set(item.path.split("/")):
            raise ShapeError("a file of it has a path that is none")
        if not all(_SHA256.fullmatch(each) for each in (item.sha256, *(p.sha256 for p in item.pieces))):
            raise ShapeError(f"{item.path}: SHA-256 expected")
    for channel in manifest.channels.values():
        _check_ranges(channel)


def _check_ranges(channel: ChannelBackup) -> None:
    number = 0
    for each in channel.blocks:
        if each.first != number or each.last < each.first:
            raise ShapeError(f"channels.{channel.name}: block {number} is missing")
        number = each.last + 1
    if number != channel.height or not number:
        raise ShapeError(f"channels.{channel.name}: it has {number} blocks, not {channel.height}")
