"""Create, update, read and delete Heddle's own resources: one file per type."""

from heddle.plugin.interface import Log
from heddle.provider.address_terms import AddressTermsHandler
from heddle.provider.authority_exchange import AuthorityExchangeHandler
from heddle.provider.certificate import CertificateHandler
from heddle.provider.certificate_authority import CertificateAuthorityHandler
from heddle.provider.chaincode_approval import ChaincodeApprovalHandler
from heddle.provider.chaincode_definition import ChaincodeDefinitionHandler
from heddle.provider.chaincode_installation import ChaincodeInstallationHandler
from heddle.provider.chaincode_package import ChaincodePackageHandler
from heddle.provider.channel.handler import ChannelHandler
from heddle.provider.dispatcher import HeddleProvider
from heddle.provider.namespace_ownership import NamespaceOwnershipHandler
from heddle.provider.password import PasswordHandler
from heddle.provider.peer_membership import PeerMembershipHandler
from heddle.provider.power.handler import PowerHandler
from heddle.provider.revocation_list import RevocationListHandler
from heddle.provider.rollout.handler import RolloutHandler
from heddle.provider.volume_terms import VolumeTermsHandler
from heddle.provider.volumes import VolumesHandler

__all__ = ["HeddleProvider", "create_provider"]

_HANDLERS = (
    CertificateAuthorityHandler,
    CertificateHandler,
    AuthorityExchangeHandler,
    PasswordHandler,
    RevocationListHandler,
    AddressTermsHandler,
    ChannelHandler,
    PeerMembershipHandler,
    ChaincodePackageHandler,
    ChaincodeInstallationHandler,
    ChaincodeApprovalHandler,
    ChaincodeDefinitionHandler,
    NamespaceOwnershipHandler,
    VolumeTermsHandler,
    VolumesHandler,
    PowerHandler,
    RolloutHandler,
)


def create_provider(log: Log) -> HeddleProvider:
    """Return a fresh, unconfigured provider, for the plugin server and the embedded engine alike."""
    return HeddleProvider(log, {handler.declaration.type: handler for handler in _HANDLERS})
