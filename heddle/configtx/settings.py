"""What is wanted of a channel, in plain values.

Only Raft so far. A BFT channel will have its own options next to `raft` and consenters with an MSP id and an
enrollment certificate; nothing outside `values.py` knows how either is written on the ledger.
"""

from dataclasses import dataclass
from typing import Final

from heddle.identity.msp import Msp

__all__ = [
    "BatchSettings",
    "Capabilities",
    "ChannelSettings",
    "Consenter",
    "OrdererOrganization",
    "PeerOrganization",
    "RaftOptions",
]

MIB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """When a block is cut: whichever comes first of time, number of messages and size.

    `timeout` is a Go duration. A single message above `absolute_max_bytes` is refused; one above
    `preferred_max_bytes` gets a block of its own. Sizes are bytes; the defaults are upstream's sample.
    """

    timeout: str = "2s"
    max_message_count: int = 500
    absolute_max_bytes: int = 10 * MIB
    preferred_max_bytes: int = 2 * MIB


@dataclass(frozen=True, kw_only=True)
class Consenter:
    """A node of the Raft cluster: where the others reach it, and the certificates (PEM) it shows."""

    host: str
    port: int
    client_tls_certificate: bytes
    server_tls_certificate: bytes

    @property
    def address(self) -> str:
        """`host:port`, by which Heddle tells consenters apart."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class RaftOptions:
    """Raft's own clock and buffers; upstream's sample values. `snapshot_interval_size` is bytes.

    All but the last take effect on a node's restart only (docs raft_configuration.md).
    """

    tick_interval: str = "500ms"
    election_tick: int = 10
    heartbeat_tick: int = 1
    max_inflight_blocks: int = 5
    snapshot_interval_size: int = 16 * MIB


@dataclass(frozen=True, kw_only=True)
class OrdererOrganization:
    """An organization that runs orderers. `endpoints` are "host:port", where peers fetch blocks."""

    name: str
    msp: Msp
    endpoints: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PeerOrganization:
    """An organization that runs peers. `anchor_peers` are "host:port", known to other organizations."""

    name: str
    msp: Msp
    anchor_peers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """The level of Fabric's behaviour in each part. Raising one is a point of no return for old nodes."""

    channel: str = "V3_0"
    orderer: str = "V2_0"
    application: str = "V2_5"


@dataclass(frozen=True, kw_only=True)
class ChannelSettings:
    """Everything that a channel's configuration says and that a user may want to decide."""

    channel: str
    orderer_organizations: tuple[OrdererOrganization, ...]
    peer_organizations: tuple[PeerOrganization, ...]
    consenters: tuple[Consenter, ...]
    batch: BatchSettings = BatchSettings()
    raft: RaftOptions = RaftOptions()
    capabilities: Capabilities = Capabilities()
