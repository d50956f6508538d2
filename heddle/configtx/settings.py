"""What is wanted of a channel, in plain values.

`consensus` says which of `raft` and `bft` counts; the other one stays at its defaults and is nowhere written.
Nothing outside `values.py` knows how either is written on the ledger.
"""

from dataclasses import dataclass
from typing import Final

from heddle.identity.msp import Msp

__all__ = [
    "BFT",
    "ETCDRAFT",
    "BatchSettings",
    "BftOptions",
    "Capabilities",
    "ChannelSettings",
    "Consenter",
    "OrdererOrganization",
    "PeerOrganization",
    "RaftOptions",
]

MIB: Final = 1024 * 1024
ETCDRAFT: Final = "etcdraft"
"""Raft's name on the ledger."""
BFT: Final = "BFT"
"""SmartBFT's name on the ledger."""


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
    """A node of the cluster: where the others reach it, and the certificates (PEM) it shows.

    With BFT it also has an `id` (from 1, never given to another node), and the enrolment certificate
    `identity` of MSP `msp_id`, with which it signs blocks. Raft leaves the three empty.
    """

    host: str
    port: int
    client_tls_certificate: bytes
    server_tls_certificate: bytes
    id: int = 0
    msp_id: str = ""
    identity: bytes = b""

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
class BftOptions:
    """SmartBFT's own clock and buffers; upstream's sample values. Durations are Go's.

    How many messages and bytes go into a block is `BatchSettings`, which SmartBFT reads in place of its own
    options (orderer/consensus/smartbft/util.go createSmartBftConfig); its timeout is
    `request_batch_max_interval`. Leader rotation is always off: Fabric 3.1 knows nothing else.
    """

    request_batch_max_interval: str = "200ms"
    request_forward_timeout: str = "5s"
    request_complain_timeout: str = "20s"
    request_auto_remove_timeout: str = "3m"
    view_change_resend_interval: str = "5s"
    view_change_timeout: str = "20s"
    leader_heartbeat_timeout: str = "1m"
    collect_timeout: str = "1s"
    incoming_message_buffer_size: int = 200
    request_pool_size: int = 100_000
    leader_heartbeat_count: int = 10


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
    consensus: str = ETCDRAFT
    bft: BftOptions = BftOptions()
