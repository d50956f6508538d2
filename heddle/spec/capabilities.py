"""Describe the capabilities of channels: the features that all of a channel's nodes must know."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from heddle.releases import read_release
from heddle.spec.model import Section, refused


class Capabilities(Section):
    """Levels of Fabric's behaviour on channels.

    `up` raises them last, once every node of every member has them, and lowers none: older nodes do not get
    past the block that raises one.
    """

    channel: Literal["V2_0", "V3_0"] = "V3_0"
    """Of all nodes. V3_0 needs Fabric 3.0; BFT needs V3_0."""
    orderer: Literal["V2_0"] = "V2_0"
    """Of orderers."""
    application: Literal["V2_0", "V2_5"] = "V2_5"
    """Of peers. V2_5 needs Fabric 2.5, and lets chaincodes purge private data."""


class ChannelCapabilities(Section):
    """Capabilities of this channel."""

    channel: Literal["V2_0", "V3_0"] | None = None
    """As in `capabilities`. Default: `capabilities.channel`."""
    orderer: Literal["V2_0"] | None = None
    """As in `capabilities`. Default: `capabilities.orderer`."""
    application: Literal["V2_0", "V2_5"] | None = None
    """As in `capabilities`. Default: `capabilities.application`."""


def check_release(value: str) -> str:
    """Return a release of Fabric. Raises PydanticCustomError for anything else."""
    release = read_release(value)
    if release is None or release.patch is None:
        raise refused('a release of Fabric with its three numbers, as "3.1.5"')
    return value


ReleaseName = Annotated[str, AfterValidator(check_release)]
"""A release of Fabric, as `3.1.5`."""
