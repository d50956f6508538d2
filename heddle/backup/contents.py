"""Write files into a backup and read them back, in pieces: whatever the size, little of it is in memory."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from heddle.backup.manifest import Item, Manifest, Piece
from heddle.backup.sealing import Identity, opened, sealed
from heddle.backup.target import Target
from heddle.errors import BackupError

__all__ = ["PIECE", "Reader", "Writer", "known_files"]

PIECE = 16 * 1024 * 1024
"""Bytes of a file in one object."""


class Writer:
    """Write files into the target, encrypted to the recipients.

    `known` are files of the last backup, by size and SHA-256: such a file does not travel again. A backup
    takes over what earlier ones encrypted, so `known` holds none where the recipients are others now.

    Attributes:
        sent: bytes that have been written to the target.
    """

    def __init__(
        self, target: Target, recipients: Sequence[str], known: Mapping[tuple[int, str], Item]
    ) -> None:
        self.sent = 0
        self._target = target
        self._recipients = recipients
        self._known = known

    async def add(self, path: str, content: bytes) -> Item:
        """Write a file whose content is at hand, unless the last backup has it."""
        digest = hashlib.sha256(content).hexdigest()
        known = self._known.get((len(content), digest))
        if known is not None:
            return Item(path=path, size=known.size, sha256=known.sha256, pieces=known.pieces)
        parts = range(0, len(content), PIECE) or (0,)
        pieces = [await self._piece(content[start : start + PIECE]) for start in parts]
        return Item(path=path, size=len(content), sha256=digest, pieces=tuple(pieces))

    async def _piece(self, content: bytes) -> Piece:
        stored = sealed(content, self._recipients)
        name = await self._target.put(stored)
        self.sent += len(stored)
        return Piece(sha256=name, size=len(stored))


def known_files(manifest: Manifest | None, recipients: Iterable[str]) -> dict[tuple[int, str], Item]:
    """Return the files of a backup that one to these recipients can share, by size and SHA-256."""
    if manifest is None or set(manifest.recipients) != set(recipients):
        return {}
    return {(item.size, item.sha256): item for item in manifest.items()}


class Reader:
    """Read files of a backup, decrypted with one of the identities if the backup is encrypted."""

    def __init__(self, target: Target, manifest: Manifest, identities: Sequence[Identity] = ()) -> None:
        self.manifest = manifest
        self._target = target
        self._identities = identities

    async def pieces(self, item: Item) -> AsyncIterator[bytes]:
        """Yield a file piece by piece. Raises BackupError, at the end at the latest, if it is damaged."""
        size, digest = 0, hashlib.sha256()
        for piece in item.pieces:
            stored = await self._target.get(piece.sha256)
            content = opened(stored, self._identities, encrypted=bool(self.manifest.recipients))
            size += len(content)
            digest.update(content)
            yield content
        if (size, digest.hexdigest()) != (item.size, item.sha256):
            raise BackupError(
                f"backup {self.manifest.id}: {item.path} is not what was backed up: {size} bytes of another "
                f"SHA-256, expected {item.size}",
                hint="Use another backup.",
            )

    async def read(self, item: Item) -> bytes:
        """Return a whole file. Raises BackupError if it is damaged."""
        return b"".join([piece async for piece in self.pieces(item)])
