"""Check what this machine needs: the parts of a local cluster, and a passphrase for the state."""

from collections.abc import Sequence

from heddle.doctor.findings import Finding
from heddle.errors import EngineError
from heddle.state.encryption import find_passphrase

__all__ = ["local_cluster_findings", "passphrase_finding"]


def local_cluster_findings(obstacles: Sequence[str]) -> list[Finding]:
    """Return a finding for each obstacle to a local cluster on this machine, or that there is none."""
    if not obstacles:
        return [Finding(what="local cluster", found="this machine has what it takes")]
    step = "Only local clusters need it: make up CONTEXT=your-kube-context does without."
    return [Finding(what="local cluster", found=obstacle, step=step) for obstacle in obstacles]


def passphrase_finding() -> Finding:
    """Say whether there is a passphrase that encrypts the secrets in the state."""
    try:
        find_passphrase()
    except EngineError as error:
        return Finding(what="passphrase", found=error.message, step=error.hint)
    return Finding(what="passphrase", found="there is one for the state's secrets")
