"""Read a node's own identity from its MSP folder.

Source: msp/configbuilder.go (Fabric 3.1.5).
"""

from pathlib import Path

from heddle.errors import IdentityError
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer

__all__ = ["local_msp", "local_signer"]


def local_signer(folder: Path, msp_id: str) -> Signer:
    """Read certificate and key of `signcerts` and `keystore`. Raises IdentityError when one is missing."""
    return Signer(
        msp_id=msp_id,
        certificate=_only(folder / "signcerts"),
        private_key=_only(folder / "keystore"),
    )


def local_msp(folder: Path, msp_id: str) -> Msp:
    """Return the MSP that verifies members of the node's own organization."""
    return Msp(
        msp_id=msp_id,
        root_certificates=_all(folder / "cacerts"),
        intermediate_certificates=_all(folder / "intermediatecerts"),
        tls_root_certificates=_all(folder / "tlscacerts"),
        tls_intermediate_certificates=_all(folder / "tlsintermediatecerts"),
        revocation_lists=_all(folder / "crls"),
    )


def _all(folder: Path) -> tuple[bytes, ...]:
    # Kubernetes mounts a Secret's files as links beside a hidden folder that holds them.
    files = sorted(path for path in folder.glob("*") if path.is_file() and not path.name.startswith("."))
    return tuple(path.read_bytes() for path in files)


def _only(folder: Path) -> bytes:
    found = _all(folder)
    if not found:
        raise IdentityError(
            f"could not load a valid signer certificate or key from {folder}: no file there",
            hint="The MSP folder needs cacerts, signcerts and keystore.",
        )
    return found[0]
