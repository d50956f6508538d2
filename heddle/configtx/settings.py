"""Hold what is wanted of a channel, in plain values.

`consensus` says which of `raft` and `bft` counts; the other one stays at its defaults and is nowhere written.
Nothing outside `values.py` knows how either is written on the ledger.
"""

from dataclasses import asdict, dataclass, field
from typing import Final

from heddle.identity.msp import Msp
from heddle.settings import BatchSettings, BftOptions, RaftOptions, written_settings

__all__ = [
    "BFT",
    "ETCDRAFT",
    "Capabilities",
    "ChannelSettings",
    "Consenter",
    "OrdererOrganization",
    "PeerOrganization",
]

ETCDRAFT: Final = "etcdraft"
"""Raft's name on the ledger."""
BFT: Final = "BFT"
"""SmartBFT's name on the ledger."""


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
        """Return `host:port`, by which Heddle tells consenters apart."""
        return f"{self.host}:{self.port}"


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
    batch: BatchSettings = field(default_factory=BatchSettings)
    raft: RaftOptions = field(default_factory=RaftOptions)
    capabilities: Capabilities = Capabilities()
    consensus: str = ETCDRAFT
    bft: BftOptions = field(default_factory=BftOptions)
    orderer_addresses: tuple[str, ...] = ()
    """Orderers, host:port, that the channel itself names; peers ask those of organizations before them."""

    def written(self) -> dict[str, str]:
        """Return what a stack file can say of the channel alone, as it writes it: `batch.messages`: `500`."""
        options = self.bft if self.consensus == BFT else self.raft
        return written_settings(self.batch, options, asdict(self.capabilities))
