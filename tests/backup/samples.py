"""Manifests and targets that tests of backups begin with."""

import hashlib
from dataclasses import replace
from pathlib import Path

from heddle.backup.manifest import (
    FORMAT,
    BlockRange,
    ChannelBackup,
    Item,
    Manifest,
    PeerBackup,
    Piece,
)
from heddle.backup.target import Target, open_target


def target(folder: Path) -> Target:
    return open_target(str(folder), "demo", base=folder)


def item(path: str, content: str = "") -> Item:
    digest = hashlib.sha256((content or path).encode()).hexdigest()
    return Item(path=path, size=1, sha256=digest, pieces=(Piece(sha256=digest, size=1),))


def channel(height: int = 5) -> ChannelBackup:
    first = BlockRange(first=0, last=2, item=item("channels/trade/0-2"))
    rest = BlockRange(first=3, last=height - 1, item=item(f"channels/trade/3-{height - 1}"))
    return ChannelBackup(
        name="trade",
        height=height,
        genesis_hash="00" * 32,
        last_hash="11" * 32,
        config_block=2,
        config_hash="22" * 32,
        config_sequence=1,
        blocks=(first, rest),
        confirmed_by=("orderer0", "peer0-org1"),
    )


def manifest(id: str = "20261129t024500z", **changes: object) -> Manifest:  # noqa: A002 - the field's name
    whole = Manifest(
        format=FORMAT,
        id=id,
        created="2026-11-29T02:45:00Z",
        heddle="0.1.0",
        stack="dev",
        project="fabric",
        instance="demo",
        namespace="fabric-demo",
        standin=True,
        recipients=(),
        state=item("state.json"),
        stack_file=item("Pulumi.dev.yaml"),
        channels={"trade": channel()},
        peers={
            "org1": PeerBackup(
                name="org1", peer="peer0-org1", heights={"trade": 5}, files=(item("peers/org1/a"),)
            )
        },
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # fields of Manifest
