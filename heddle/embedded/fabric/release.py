"""Say the release that a stand-in plays, and end by it: upgrades can be tried where there is one image only.

A node of an earlier release does not get past a configuration whose capabilities it lacks, and an orderer
takes no update that leads to one.
Source: core/peer/channel.go, capabilitiesSupportedOrPanic; orderer/common/multichannel (Fabric 3.1.5);
common/channelconfig/channel.go (Fabric 2.5.16).
"""

import logging
import os
from collections.abc import Mapping
from typing import Literal

from heddle.configtx.read import capabilities_of
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.releases import CAPABILITY_RELEASES, PARTS, Release, read_release
from heddle.versions import FABRIC

__all__ = ["RELEASE", "expect_capabilities", "missing_capability", "running_release"]

RELEASE = "HEDDLE_STANDIN_RELEASE"
"""The variable that says which release a stand-in plays, as v2.5.16; by default its own."""
_PANIC = 2
"""Exit code of a Go program that panics."""
_LOG = logging.getLogger("capabilities")


def running_release(environment: Mapping[str, str] = os.environ) -> str:
    """Return the release as `/version` tells it."""
    return environment.get(RELEASE) or f"v{FABRIC}"


def missing_capability(
    kind: Literal["orderer", "peer"], config: ChannelConfig, release: Release | None
) -> str:
    """Return in Fabric's words which capability of a channel a node of this release lacks; empty if none."""
    levels = vars(capabilities_of(config.config))
    for part in PARTS[kind]:
        first = CAPABILITY_RELEASES[part].get(levels[part])
        if release is not None and first is not None and release.is_below(first):
            if (kind, part) == ("orderer", "channel"):
                # What is left for it to lack is V3_0, which it takes for a capability of before V1_4_2.
                return "initializing channelconfig failed: Must set some OrdererAddresses"
            return f"{part.capitalize()} capability {levels[part]} is required but not supported"
    return ""


def expect_capabilities(kind: Literal["orderer", "peer"], config: ChannelConfig) -> None:
    """End the program, as a panic does, where it lacks a capability of a channel."""
    if words := missing_capability(kind, config, read_release(running_release())):
        _LOG.critical("panic: [channel %s] incompatible: %s", config.channel, words)
        logging.shutdown()
        os._exit(_PANIC)
