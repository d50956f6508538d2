"""Hold what all channels of one orderer share."""

from dataclasses import dataclass
from pathlib import Path

from heddle.configtx.settings import Consenter
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.metrics import Metrics
from heddle.embedded.fabric.rpc import Dialled
from heddle.identity.keys import public_key_of
from heddle.identity.signer import Signer

__all__ = ["OrdererNode"]


@dataclass(frozen=True, kw_only=True)
class OrdererNode:
    """Hold an orderer's identity, its folders, and its connections to others.

    `tls_certificate` is what it shows to other orderers (PEM). `location` is a folder; `check_expiry` is off
    under General.Authentication.NoExpirationChecks.
    """

    signer: Signer
    tls_certificate: bytes
    location: Path
    dialled: Dialled
    metrics: Metrics
    check_expiry: bool = True

    def consenter_in(self, config: ChannelConfig) -> Consenter | None:
        """Return this node as consenter of a channel, if it is one.

        Source: IsChannelMember in orderer/consensus/{etcdraft,smartbft}/consenter.go: by the key of the TLS
        certificate that it shows with Raft, of its enrolment certificate with BFT.
        """
        mine = self.signer.certificate if config.bft else self.tls_certificate
        if not mine:
            return None
        key = public_key_of(mine)
        for consenter in config.settings.consenters:
            if public_key_of(consenter.identity if config.bft else consenter.client_tls_certificate) == key:
                return consenter
        return None

    def ledger_path(self, channel: str) -> Path:
        """Return the block file of a channel."""
        return self.location / "chains" / channel / "blockfile_000000"

    def ballot_path(self, channel: str) -> Path:
        """Return the file with what this node has voted for and accepted in a channel."""
        return self.location / "chains" / channel / "ballot.json"

    def join_path(self, channel: str) -> Path:
        """Return the file with the block of a channel that is being joined."""
        return self.location / "pendingops" / "join" / f"{channel}.join"
