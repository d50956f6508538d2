"""What all channels of one orderer share."""

from dataclasses import dataclass
from pathlib import Path

from heddle.configtx.settings import Consenter
from heddle.identity.keys import public_key_of
from heddle.identity.signer import Signer
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
    wal: Path
    dialled: Dialled
    metrics: Metrics
    check_expiry: bool = True

    def is_me(self, consenter: Consenter) -> bool:
        """Whether this node is that consenter (etcdraft/consenter.go IsChannelMember)."""
        if not self.tls_certificate:
            return False
        return public_key_of(self.tls_certificate) == public_key_of(consenter.client_tls_certificate)

    def ledger_path(self, channel: str) -> Path:
        """The block file of a channel."""
        return self.location / "chains" / channel / "blockfile_000000"

    def join_path(self, channel: str) -> Path:
        """Where the block is kept with which a channel is being joined."""
        return self.location / "pendingops" / "join" / f"{channel}.join"
