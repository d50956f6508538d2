"""Promises about the bytes of a backup: what is written comes back, or there is an error."""

from contextlib import suppress
from pathlib import Path

import pytest
from fabric_protos.common.common_pb2 import Block, BlockData, BlockHeader
from hypothesis import given
from hypothesis import strategies as st
from pyrage import decrypt, x25519

from heddle.backup import contents
from heddle.backup.blocks import pack, unpack
from heddle.backup.contents import Reader, Writer, known_files
from heddle.backup.manifest import Item
from heddle.backup.sealing import read_identity
from heddle.backup.target import Target
from heddle.errors import BackupError
from tests.backup.samples import manifest, target


@pytest.fixture(params=["clear", "encrypted"])
def keys(request: pytest.FixtureRequest) -> list[x25519.Identity]:
    return [x25519.Identity.generate()] if request.param == "encrypted" else []


def _recipients(keys: list[x25519.Identity]) -> tuple[str, ...]:
    return tuple(str(each.to_public()) for each in keys)


async def _written(place: Target, content: bytes, keys: list[x25519.Identity]) -> tuple[Item, Reader]:
    found = await Writer(place, _recipients(keys), {}).add("state.json", content)
    return found, Reader(place, manifest(state=found, recipients=_recipients(keys)), keys)


@pytest.mark.parametrize("size", [0, 1, 10, 11, 25])
async def test_a_file_comes_back_as_it_was(
    size: int, tmp_path: Path, keys: list[x25519.Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also an empty one, and one of several pieces."""
    monkeypatch.setattr(contents, "PIECE", 10)
    content = bytes(range(size))
    found, reader = await _written(target(tmp_path), content, keys)

    assert await reader.read(found) == content
    assert len(found.pieces) == max(1, -(-size // 10))


async def test_nobody_without_the_private_key_reads_an_encrypted_backup(tmp_path: Path) -> None:
    """Neither without a key nor with another one; the message says what to give."""
    key = x25519.Identity.generate()
    found, reader = await _written(target(tmp_path), b"secret words", [key])

    for others in ([], [x25519.Identity.generate()]):
        with pytest.raises(BackupError, match="--identity FILE"):
            await Reader(target(tmp_path), reader.manifest, others).read(found)
    stored = await target(tmp_path).get(found.pieces[0].sha256)
    assert b"secret" not in stored
    assert decrypt(stored, [key])[:2] == b"\x1f\x8b"  # `age --decrypt | gunzip` reads it, too


async def test_a_damaged_object_is_noticed(tmp_path: Path, keys: list[x25519.Identity]) -> None:
    found, reader = await _written(target(tmp_path), b"words", keys)
    name = found.pieces[0].sha256
    path = tmp_path / "demo" / "objects" / name[:2] / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    with pytest.raises(BackupError, match="damaged"):
        await reader.read(found)


async def test_a_missing_object_is_noticed(tmp_path: Path, keys: list[x25519.Identity]) -> None:
    found, reader = await _written(target(tmp_path), b"words", keys)
    name = found.pieces[0].sha256
    (tmp_path / "demo" / "objects" / name[:2] / name).unlink()

    with pytest.raises(BackupError, match="is not there"):
        await reader.read(found)


async def test_pieces_of_another_file_do_not_pass(tmp_path: Path, keys: list[x25519.Identity]) -> None:
    """A manifest that leads to whole objects of another file is noticed by the file's own hash."""
    place = target(tmp_path)
    writer = Writer(place, _recipients(keys), {})
    good, other = await writer.add("a", b"good"), await writer.add("b", b"evil")
    reader = Reader(place, manifest(recipients=_recipients(keys)), keys)

    with pytest.raises(BackupError, match="not what was backed up"):
        await reader.read(Item(path="a", size=good.size, sha256=good.sha256, pieces=other.pieces))


async def test_what_the_last_backup_has_does_not_travel_again(
    tmp_path: Path, keys: list[x25519.Identity]
) -> None:
    found, reader = await _written(target(tmp_path), b"words", keys)
    again = Writer(target(tmp_path), _recipients(keys), known_files(reader.manifest, _recipients(keys)))

    assert await again.add("state.json", b"words") == found
    assert again.sent == 0


async def test_other_recipients_share_nothing(tmp_path: Path) -> None:
    """Who gets the new private key alone must be able to read all of the new backup."""
    _, reader = await _written(target(tmp_path), b"words", [x25519.Identity.generate()])

    assert known_files(reader.manifest, [str(x25519.Identity.generate().to_public())]) == {}
    assert known_files(reader.manifest, []) == {}


async def test_a_folder_of_backups_is_private(tmp_path: Path) -> None:
    await _written(target(tmp_path), b"words", [])

    assert (tmp_path / "demo").stat().st_mode & 0o777 == 0o700


def test_an_identity_is_read_from_a_file_of_age_keygen(tmp_path: Path) -> None:
    key, path = x25519.Identity.generate(), tmp_path / "key.txt"
    path.write_text(f"# created: today\n# public key: {key.to_public()}\n{key}\n")

    (found,) = read_identity(path)

    assert str(found) == str(key)


@pytest.mark.parametrize("text", ["", "# nothing\n", "AGE-SECRET-KEY-1WRONG\n"])
def test_a_file_without_a_private_key_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    path.write_text(text)

    with pytest.raises(BackupError, match="no private key of age"):
        read_identity(path)
    with pytest.raises(BackupError, match="cannot be read"):
        read_identity(tmp_path / "none")


BLOCKS = st.lists(
    st.builds(
        lambda number, data: Block(header=BlockHeader(number=number), data=BlockData(data=[data])),
        st.integers(0, 2**63),
        st.binary(max_size=400),
    ),
    max_size=5,
)


@given(BLOCKS)
def test_blocks_come_back_as_they_were(blocks: list[Block]) -> None:
    assert list(unpack(pack(blocks))) == blocks


@given(BLOCKS.filter(bool), st.data())
def test_a_file_of_blocks_that_is_cut_never_passes_as_whole(blocks: list[Block], data: st.DataObject) -> None:
    whole = pack(blocks)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]

    found: list[Block] = []
    with suppress(BackupError):
        found.extend(unpack(cut))
    assert len(found) < len(blocks)
