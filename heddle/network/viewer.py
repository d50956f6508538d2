"""Read the folder that somebody has who may look at a network: the output `instance`, and an MSP folder."""

import json
from pathlib import Path
from typing import Final

from heddle.errors import EngineError
from heddle.identity.keys import load_certificate
from heddle.identity.signer import Signer
from heddle.kube.kubeconfig import KubeconfigError, default_files, merged, one_context
from heddle.network.instance import InstanceOutput, read_instance

__all__ = ["CERTIFICATE", "INSTANCE", "KEY", "own_kubeconfig", "read_access_folder"]

INSTANCE: Final = "instance.json"
CERTIFICATE: Final = "msp/signcerts/cert.pem"
KEY: Final = "msp/keystore/key.pem"
_HINT: Final = "Expected a folder that `heddle access grant` has written."


def read_access_folder(folder: Path) -> tuple[InstanceOutput, Signer]:
    """Return the instance and who looks at it.

    Raises EngineError for anything else, and IdentityError for a broken certificate.
    """
    try:
        texts = [(folder / name).read_bytes() for name in (INSTANCE, CERTIFICATE, KEY)]
        instance = read_instance(json.loads(texts[0]))
    except (OSError, ValueError, RecursionError) as error:
        raise EngineError(f"{folder}: {error}", hint=_HINT) from error
    issuer = load_certificate(texts[1]).issuer
    for member in instance.organizations.values():
        if member.users and load_certificate(member.ca_certificate.encode()).subject == issuer:
            return instance, Signer(msp_id=member.msp_id, certificate=texts[1], private_key=texts[2])
    raise EngineError(
        f"{folder / CERTIFICATE}: its issuer {issuer.rfc4514_string()} is no authority of this instance",
        hint=_HINT,
    )


def own_kubeconfig() -> str:
    """Return the caller's kubeconfig: of $KUBECONFIG, else ~/.kube/config. Raises EngineError without one."""
    try:
        return one_context(merged(default_files()))[0]
    except (OSError, KubeconfigError) as error:
        raise EngineError(
            f"your own kubeconfig cannot be used: {error}",
            hint="Set KUBECONFIG to one that the cluster's administrators gave you.",
        ) from error
