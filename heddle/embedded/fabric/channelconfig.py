"""Read a channel's configuration as a node uses it.

Source: common/channelconfig (Fabric 3.1.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from fabric_protos.common import common_pb2, configtx_pb2, policies_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.peer import policy_pb2

from heddle.configtx import values
from heddle.configtx.blocks import channel_of, config_of
from heddle.configtx.members import Members
from heddle.configtx.policies import Identity
from heddle.configtx.read import settings_of
from heddle.configtx.settings import BFT, ChannelSettings
from heddle.durations import seconds
from heddle.embedded.fabric.access import Denied, SignedData, check_policy
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.errors import HeddleError

__all__ = ["ChannelConfig"]

READERS = "/Channel/Readers"
_GIVEN = "given"
APPLICATION_READERS = "/Channel/Application/Readers"
APPLICATION_WRITERS = "/Channel/Application/Writers"
"""The policies that peers ask (core/aclmgmt/defaultaclprovider.go); the channel's own ACLs are not read."""
ORDERER_WRITERS = "/Channel/Orderer/Writers"


@dataclass(frozen=True, kw_only=True)
class ChannelConfig:
    """Read one version of a channel's configuration."""

    channel: str
    config: configtx_pb2.Config

    @classmethod
    def of_block(cls, block: common_pb2.Block) -> "ChannelConfig":
        """Read a configuration block. Raises ConfigtxError for any other block."""
        return cls(channel=channel_of(block), config=config_of(block).config)

    @property
    def sequence(self) -> int:
        """Return the configuration's number, which grows by one with every update."""
        return int(self.config.sequence)

    @cached_property
    def settings(self) -> ChannelSettings:
        """Return the configuration as plain settings."""
        return settings_of(self.config)

    @cached_property
    def batch_timeout(self) -> float:
        """Return the batch timeout in seconds."""
        return seconds(self.settings.batch.timeout)

    @property
    def bft(self) -> bool:
        """Tell whether the channel's consensus is BFT instead of Raft."""
        return self.consensus == BFT

    @property
    def consensus(self) -> str:
        """Return `etcdraft` or `BFT`, or what else the ledger says."""
        return str(self._consensus_type.type)

    @property
    def maintenance(self) -> bool:
        """Tell whether the channel is in maintenance mode."""
        return bool(self._consensus_type.state == orderer_pb2.ConsensusType.STATE_MAINTENANCE)

    @cached_property
    def _consensus_type(self) -> orderer_pb2.ConsensusType:
        orderer = values.group_at(self.config.channel_group, "Orderer")
        return values.read(orderer, "ConsensusType", orderer_pb2.ConsensusType())

    @cached_property
    def orderer_roots(self) -> bytes:
        """Return the roots of orderers' TLS certificates, a PEM bundle."""
        return b"\n".join(
            certificate
            for organization in self.settings.orderer_organizations
            for certificate in (
                *organization.msp.tls_root_certificates,
                *organization.msp.tls_intermediate_certificates,
            )
        )

    @cached_property
    def orderer_endpoints(self) -> tuple[str, ...]:
        """Return the orderers that deliver blocks, as `host:port`."""
        return tuple(
            endpoint
            for organization in self.settings.orderer_organizations
            for endpoint in organization.endpoints
        )

    @cached_property
    def peer_msps(self) -> Mapping[str, str]:
        """Name of the peer organization by its MSP id."""
        return {
            organization.msp.msp_id: organization.name for organization in self.settings.peer_organizations
        }

    def has(self, group: str) -> bool:
        """Tell whether the channel has a group such as `Application`, `Orderer` or `Consortiums`."""
        return group in self.config.channel_group.groups

    def check(self, policy: str, *signed: SignedData) -> None:
        """Raise Denied unless the signatures satisfy the policy."""
        check_policy(self.config.channel_group, policy, *signed)

    def identity_refusal(self, serialized: bytes) -> str:
        """Return why an identity is no valid member of the channel, in Fabric's words; empty if it is one."""
        try:
            return Members.of(self.config.channel_group).refusal(Identity.parse(serialized))
        except HeddleError as error:
            return error.message

    def check_application_policy(self, policy: bytes, *signed: SignedData) -> None:
        """Raise Denied unless endorsements satisfy `peer.ApplicationPolicy` bytes."""
        try:
            wanted = policy_pb2.ApplicationPolicy.FromString(policy)
        except MALFORMED as error:
            raise Denied(f"could not unmarshal the endorsement policy: {error}") from error
        if wanted.WhichOneof("Type") != "signature_policy":
            self.check(wanted.channel_config_policy_reference, *signed)
            return
        check_policy(self._with(wanted.signature_policy.SerializeToString()), f"/Channel/{_GIVEN}", *signed)

    def _with(self, policy: bytes) -> configtx_pb2.ConfigGroup:
        """Return the channel's tree with one more signature policy at its top, where it can be evaluated."""
        root = configtx_pb2.ConfigGroup()
        root.CopyFrom(self.config.channel_group)
        root.policies[_GIVEN].policy.type = policies_pb2.Policy.SIGNATURE
        root.policies[_GIVEN].policy.value = policy
        return root
