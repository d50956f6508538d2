"""Tell refusals of orderers apart by the statuses of Fabric that they answer with."""

from fabric_protos.common.common_pb2 import NOT_FOUND, SERVICE_UNAVAILABLE

from heddle.errors import HeddleError, Refused

__all__ = ["has_no_leader", "is_not_found"]


def has_no_leader(error: HeddleError) -> bool:
    """Tell whether an orderer refused because the channel has no leader at this moment."""
    return isinstance(error, Refused) and error.status == SERVICE_UNAVAILABLE


def is_not_found(error: HeddleError) -> bool:
    """Tell whether a node refused because it does not have the channel, or not the block."""
    return isinstance(error, Refused) and error.status == NOT_FOUND
