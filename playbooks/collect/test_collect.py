"""Check after collect that the archive can be handed on."""

import tarfile
from pathlib import Path
from typing import Any

import pytest

from heddle.runbooks.scrubbing import Scrubber


@pytest.fixture(scope="module")
def texts(about: dict[str, Any]) -> dict[str, str]:
    """Return the files of the archive by their names, in order."""
    with tarfile.open(about["archive"]) as archive:
        found = {each.name.partition("/")[2]: archive.extractfile(each) for each in archive}
        return {name: file.read().decode() for name, file in found.items() if file}


def test_only_its_owner_can_read_it(about: dict[str, Any]) -> None:
    """The archive is its owner's alone."""
    assert Path(about["archive"]).stat().st_mode & 0o077 == 0


def test_the_verdicts_come_first(texts: dict[str, str]) -> None:
    """Behind a page that says what is in it, the verdicts come first."""
    assert list(texts)[:2] == ["README.txt", "verdicts.txt"]


def test_nothing_looks_like_a_secret(texts: dict[str, str]) -> None:
    """The archive holds no text that looks like a key, a password or a token."""
    scrub = Scrubber()
    assert [name for name, text in texts.items() if name.endswith(".log") and scrub(text) != text] == []
    assert not any("PRIVATE KEY-----" in text for text in texts.values())
