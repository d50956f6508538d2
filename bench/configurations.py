"""Measure a channel's genesis block and the difference of two, beside `configtxgen` and `configtxlator`.

Ours are calls in a process that already runs, which is how Heddle uses them; theirs are whole processes,
which is how scripts use them.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml
from fabric_protos.common import configtx_pb2

from bench.figures import Figure, median_of, run
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.genesis import channel_group, genesis_block
from heddle.configtx.settings import ChannelSettings
from heddle.settings import BatchSettings
from tests.configtx.configtxgen import profile
from tests.configtx.networks import peer_organization, trade

__all__ = ["measure"]

ORGANIZATIONS = 40


def measure() -> Iterator[Figure]:
    """Time the genesis block of a channel of forty organizations, and a changed batch time-out."""
    members = tuple(
        peer_organization(f"org{number}", f"peer0.org{number}:7051") for number in range(ORGANIZATIONS)
    )
    settings = replace(trade(), peer_organizations=members)
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as name:
        yield _genesis(settings, Path(name))
        yield _delta(settings, Path(name))


def _genesis(settings: ChannelSettings, folder: Path) -> Figure:
    peer = None
    if shutil.which("configtxgen"):
        (folder / "configtx.yaml").write_text(
            yaml.safe_dump({"Profiles": {"Ours": profile(folder, settings)}})
        )
        block = folder / "genesis.block"
        options = ("-profile", "Ours", "-channelID", settings.channel, "-configPath", str(folder))
        command = ("configtxgen", *options, "-outputBlock", str(block))
        peer = median_of(lambda: run(command))
    return Figure(
        what=f"genesis block of {ORGANIZATIONS} organizations",
        on="in process",
        value=median_of(lambda: genesis_block(settings)),
        peer=peer,
        peer_name="configtxgen",
    )


def _delta(settings: ChannelSettings, folder: Path) -> Figure:
    old = configtx_pb2.Config(channel_group=channel_group(settings))
    new = apply_settings(old, replace(settings, batch=BatchSettings(timeout="1s")), None)
    peer = None
    if shutil.which("configtxlator"):
        files = {name: folder / f"{name}.pb" for name in ("original", "updated", "output")}
        files["original"].write_bytes(old.SerializeToString())
        files["updated"].write_bytes(new.SerializeToString())
        options = [option for name, file in files.items() for option in (f"--{name}", str(file))]
        command = ("configtxlator", "compute_update", "--channel_id", settings.channel, *options)
        peer = median_of(lambda: run(command))
    return Figure(
        what="difference of two configurations",
        on="in process",
        value=median_of(lambda: compute_update(settings.channel, old, new)),
        peer=peer,
        peer_name="configtxlator",
    )
