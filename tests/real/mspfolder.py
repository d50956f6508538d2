"""Write an MSP as the folder that Fabric's own programs read."""

from typing import Final

from heddle.identity.msp import ROLES, Msp

__all__ = ["msp_folder"]

_CONFIG_YAML: Final = b"NodeOUs:\n  Enable: true\n" + b"".join(
    f"  {role.capitalize()}OUIdentifier:\n    OrganizationalUnitIdentifier: {role}\n".encode()
    for role in ROLES
)
_FOLDERS: Final = {
    "root_certificates": "cacerts/ca",
    "intermediate_certificates": "intermediatecerts/ica",
    "tls_root_certificates": "tlscacerts/tlsca",
    "tls_intermediate_certificates": "tlsintermediatecerts/tlsica",
    "revocation_lists": "crls/crl",
}


def msp_folder(
    msp: Msp, *, certificate: bytes | None = None, private_key: bytes | None = None
) -> dict[str, bytes]:
    """Return the folder that nodes and Fabric's tools read, relative path to content.

    With a certificate and key it is a local MSP (of a node or a user), without them a verifying one.
    Source: msp/configbuilder.go.
    """
    folder = {"config.yaml": _CONFIG_YAML}
    for name, stem in _FOLDERS.items():
        items: tuple[bytes, ...] = getattr(msp, name)
        # A number in the name: Fabric reads every file of a folder and never looks at what it is called.
        folder |= {f"{stem}-{number}.pem": item for number, item in enumerate(items)}
    if certificate is not None:
        folder["signcerts/cert.pem"] = certificate
    if private_key is not None:
        folder["keystore/key.pem"] = private_key
    return folder
