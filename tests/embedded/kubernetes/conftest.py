"""Clusters of a test live in folders of their own."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from heddle.embedded.kubernetes.layout import Layout, layout_of


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for clusters; short, since sockets' paths are limited to 107 bytes."""
    with TemporaryDirectory(prefix="hc-") as folder:
        monkeypatch.setenv("HEDDLE_CLUSTERS", folder)
        yield Path(folder)


@pytest.fixture
def layout(clusters: Path) -> Layout:
    """A cluster that is only a name yet."""
    return layout_of("one")
