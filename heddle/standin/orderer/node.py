"""What all channels of one orderer share."""

from dataclasses import dataclass
from pathlib import Path

from heddle.identity.keys import public_key_of
from heddle.identity.signer import Signer
from heddle.standin.channelconfig import ChannelConfig
from heddle.standin.metrics import Metrics
from heddle.standin.rpc import Dialled

__all__ = ["OrdererNode"]


@dataclass(frozen=True, kw_only=True)
class OrdererNode:
    """One orderer: its identity, its folders, its ways to others.

    `tls_certificate` is what it shows to other orderers (PEM); a consenter with the same public key is this
    node. Locations are folders; `check_expiry` is off under General.Authentication.NoExpirationChecks.
    """

    signer: Signer
    tls_certificate: bytes
    location: Path
    dialled: Dialled
    metrics: Metrics
    check_expiry: bool = True

    def address_in(self, config: ChannelConfig) -> str:
        """`host:port` of this node as consenter, else empty (etcdraft/consenter.go IsChannelMember)."""
        if not self.tls_certificate:
            return ""
        mine = public_key_of(self.tls_certificate)
        return next(
            (
                consenter.address
                for consenter in config.settings.consenters
                if public_key_of(consenter.client_tls_certificate) == mine
            ),
            "",
        )

    def ledger_path(self, channel: str) -> Path:
        """The block file of a channel."""
        return self.location / "chains" / channel / "blockfile_000000"

    def join_path(self, channel: str) -> Path:
        """Where the block is kept with which a channel is being joined."""
        return self.location / "pendingops" / "join" / f"{channel}.join"
