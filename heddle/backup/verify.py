"""Check a backup: that all its objects are whole and, with a private key if need be, what is in them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from heddle.backup.blocks import unpack
from heddle.backup.contents import Reader
from heddle.backup.copying import Progress
from heddle.backup.manifest import ChannelBackup, Item, Manifest
from heddle.backup.sealing import Identity
from heddle.backup.target import Target
from heddle.configtx.ledgercheck import LedgerCheck
from heddle.errors import BackupError, HeddleError

__all__ = ["Verified", "verify_backup"]

_MOST = 20
"""Problems that are listed; more are counted."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Describe what was checked of a backup.

    opened: whether the content of files was read, too, and not only their stored bytes.
    blocks: the number of blocks that were proved, by channel.
    """

    id: str
    opened: bool
    objects: int
    size: int
    blocks: dict[str, int]
    problems: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Tell whether nothing was found that is wrong."""
        return not self.problems


async def verify_backup(
    target: Target, manifest: Manifest, identities: Sequence[Identity], progress: Progress
) -> Verified:
    """Read every object of a backup and check it; of one that can be opened every file and block, too.

    Blocks are proved from the genesis block on, by their signatures: whoever can write to the target cannot
    forge them, as long as the genesis hash is the one that the instance is known to have.
    """
    problems: list[str] = []
    opened = bool(identities) or not manifest.recipients
    blocks: dict[str, int] = {}
    sizes = {piece.sha256: piece.size for item in manifest.items() for piece in item.pieces}
    if opened:
        reader = Reader(target, manifest, identities)
        for item in _files(manifest):
            progress(f"reading {item.path}")
            problems += await _problems_of(reader, item)
        for channel in manifest.channels.values():
            blocks[channel.name], found = await _check_channel(reader, channel, progress)
            problems += found
    else:
        progress("the backup is encrypted: without --identity only the stored bytes are checked")
        for number, name in enumerate(sorted(sizes), 1):
            progress(f"object {number} of {len(sizes)}")
            problems += await _missing(target, name)
    return Verified(
        id=manifest.id,
        opened=opened,
        objects=len(sizes),
        size=sum(sizes.values()),
        blocks=blocks,
        problems=_shortened(problems),
    )


def _files(manifest: Manifest) -> list[Item]:
    """Return all files but those with blocks."""
    blocks = {each.item.path for channel in manifest.channels.values() for each in channel.blocks}
    return [item for item in manifest.items() if item.path not in blocks]


async def _problems_of(reader: Reader, item: Item) -> list[str]:
    try:
        async for _ in reader.pieces(item):
            pass
    except BackupError as error:
        return [f"{item.path}: {error.message}"]
    return []


async def _missing(target: Target, name: str) -> list[str]:
    try:
        await target.get(name)
    except BackupError as error:
        return [error.message]
    return []


async def _check_channel(reader: Reader, channel: ChannelBackup, progress: Progress) -> tuple[int, list[str]]:
    """Return how many blocks of a channel hold, one after the other, and what is wrong."""
    check, problems, sound = LedgerCheck(channel.name, channel.genesis_hash), [], 0
    for each in channel.blocks:
        progress(f"channel {channel.name}: blocks {each.first} to {each.last} of {channel.height}")
        try:
            for block in unpack(await reader.read(each.item)):
                if found := check.check({"": block}).get(""):
                    problems.append(f"channel {channel.name}: block {check.number - 1}: {found}")
                else:
                    sound += 1
        except HeddleError as error:
            return sound, [*problems, f"channel {channel.name}: {each.item.path}: {error.message}"]
    last = (check.number, check.last_hash.hex() if check.last_hash else "none")
    if not problems and last != (channel.height, channel.last_hash):
        problems.append(
            f"channel {channel.name}: it has {last[0]} blocks and the last one hash {last[1]}; the manifest "
            f"says {channel.height} and {channel.last_hash}"
        )
    known = check.known
    if not problems and known and (known.mark.number, known.mark.hash) != _configuration(channel):
        problems.append(f"channel {channel.name}: its newest configuration is not the one in the manifest")
    return sound, problems


def _configuration(channel: ChannelBackup) -> tuple[int, str]:
    return channel.config_block, channel.config_hash


def _shortened(problems: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(Counter(problems))
    more = len(kept) - _MOST
    return (*kept[:_MOST], f"{more} more problems") if more > 0 else kept
