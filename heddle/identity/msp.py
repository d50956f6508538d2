"""Write and read an organization's MSP, to which its members chain, as protobuf.

NodeOUs are always on: a certificate's OU (client, peer, admin, orderer) is its role, so no list of
administrators has to be kept on the ledger. The OU identifiers name no certificate, so that they hold for
every authority of the MSP, also while an old and a new one stand side by side.
"""

from dataclasses import dataclass
from typing import Final

from fabric_protos.msp import msp_config_pb2
from google.protobuf.message import DecodeError

from heddle.errors import IdentityError
from heddle.identity.keys import load_certificate

__all__ = ["Msp", "change_msp", "msp_config", "msp_from_config"]

FABRIC_MSP: Final = 0
"""`MSPConfig.type` of an X.509 MSP; 1 is idemix (msp/msp.go)."""
MAX_ITEMS: Final = 500
"""Certificates of each kind at most: each may be tried as issuer of each other, and MSPs come from others."""
ROLES: Final = ("client", "peer", "admin", "orderer")

_FIELDS: Final = {
    "root_certificates": "root_certs",
    "intermediate_certificates": "intermediate_certs",
    "tls_root_certificates": "tls_root_certs",
    "tls_intermediate_certificates": "tls_intermediate_certs",
    "revocation_lists": "revocation_list",
}


@dataclass(frozen=True, kw_only=True)
class Msp:
    """Describe an MSP. Certificates and revocation lists are PEM."""

    msp_id: str
    root_certificates: tuple[bytes, ...]
    intermediate_certificates: tuple[bytes, ...] = ()
    tls_root_certificates: tuple[bytes, ...]
    tls_intermediate_certificates: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()


def msp_config(msp: Msp) -> msp_config_pb2.MSPConfig:
    """Return `msp.MSPConfig` as a channel holds it (source: msp/configbuilder.go getMspConfig).

    Raises:
        IdentityError: no id, no root, or a certificate that is not one.
    """
    _check(msp)
    fabric = msp_config_pb2.FabricMSPConfig(name=msp.msp_id)
    fabric.crypto_config.signature_hash_family = "SHA2"
    fabric.crypto_config.identity_identifier_hash_function = "SHA256"
    fabric.fabric_node_ous.enable = True
    for role in ROLES:
        identifier = getattr(fabric.fabric_node_ous, f"{role}_ou_identifier")
        identifier.organizational_unit_identifier = role
    _fill(fabric, msp)
    return msp_config_pb2.MSPConfig(type=FABRIC_MSP, config=fabric.SerializeToString())


def msp_config_of(data: bytes) -> msp_config_pb2.MSPConfig:
    """Parse `msp.MSPConfig`. Raises IdentityError."""
    try:
        return msp_config_pb2.MSPConfig.FromString(data)
    except DecodeError as error:
        raise IdentityError("an MSP configuration cannot be read: not an MSPConfig") from error


def fabric_msp(config: msp_config_pb2.MSPConfig) -> msp_config_pb2.FabricMSPConfig:
    """Return the X.509 configuration inside. Raises IdentityError for idemix, and for bytes that are none."""
    if config.type != FABRIC_MSP:
        raise IdentityError(f"an MSP has type {config.type}, expected {FABRIC_MSP} (X.509)")
    try:
        fabric = msp_config_pb2.FabricMSPConfig.FromString(config.config)
    except DecodeError as error:
        raise IdentityError("an MSP configuration cannot be read: not a FabricMSPConfig") from error
    for name in (*_FIELDS.values(), "admins", "organizational_unit_identifiers"):
        found = len(getattr(fabric, name))
        if found > MAX_ITEMS:
            raise IdentityError(f"an MSP has {found} {name.replace('_', ' ')}, expected at most {MAX_ITEMS}")
    return fabric


def msp_from_config(config: msp_config_pb2.MSPConfig) -> Msp:
    """Return the MSP that a configuration holds, as far as `Msp` has fields for it. Raises IdentityError."""
    fabric = fabric_msp(config)
    return Msp(
        msp_id=fabric.name, **{ours: tuple(getattr(fabric, theirs)) for ours, theirs in _FIELDS.items()}
    )


def change_msp(config: msp_config_pb2.MSPConfig, msp: Msp) -> msp_config_pb2.MSPConfig:
    """Return the given configuration with the certificates of `msp`; all other fields stay as they are.

    Raises:
        IdentityError: the MSP ids differ (Fabric refuses to change one), or either is not valid.
    """
    _check(msp)
    fabric = fabric_msp(config)
    if fabric.name != msp.msp_id:
        raise IdentityError(f"MSP {fabric.name} cannot become {msp.msp_id}: an MSP id is for ever")
    _fill(fabric, msp)
    return msp_config_pb2.MSPConfig(type=FABRIC_MSP, config=fabric.SerializeToString())


def _fill(fabric: msp_config_pb2.FabricMSPConfig, msp: Msp) -> None:
    for ours, theirs in _FIELDS.items():
        getattr(fabric, theirs)[:] = getattr(msp, ours)


def _check(msp: Msp) -> None:
    if not msp.msp_id:
        raise IdentityError("an MSP has no id")
    if not msp.root_certificates:
        raise IdentityError(f"MSP {msp.msp_id}: no root certificate, expected at least one")
    for name in _FIELDS:
        if name != "revocation_lists":
            for certificate in getattr(msp, name):
                load_certificate(certificate)
