"""Tell whose consent a configuration update needs, and whether the signers at hand give it."""

from collections.abc import Sequence
from dataclasses import dataclass

from fabric_protos.common import configtx_pb2

from heddle.configtx.policies import MissingSignatures
from heddle.configtx.validate import missing_signatures, required_policies
from heddle.identity.signer import Signer

__all__ = ["Consent", "consents"]


@dataclass(frozen=True, kw_only=True)
class Consent:
    """A policy that an update must satisfy. `missing` is None when the signers at hand satisfy it."""

    policy: str
    missing: MissingSignatures | None

    def __str__(self) -> str:
        state = "signed" if self.missing is None else f"MISSING {self.missing}"
        return f"{self.policy}: {state}"


def consents(
    config: configtx_pb2.Config, update: configtx_pb2.ConfigUpdate, signers: Sequence[Signer]
) -> list[Consent]:
    """Return every policy that governs what the update changes, each once. Raises ConfigtxError."""
    needs = missing_signatures(config, update, signers)
    return [Consent(policy=path, missing=needs.get(path)) for path in required_policies(config, update)]
