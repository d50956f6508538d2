"""Make the Jobs that mend a stopped peer's ledger on its volume. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from heddle.kube.jobs import claim_path, node_job

__all__ = ["ASIDE", "aside_job", "blocks_aside_job", "command_job", "folder_aside_job"]

ASIDE = "set-aside-"
"""Prefix of the folders that hold a former content; such a folder is never moved again."""

_LEDGERS = "ledgersData"
_PRIVATE = "pvtdataStore"
_SPARED = (f"{ASIDE}*", "lost+found")


def aside_job(statefulset: Mapping[str, Any], *, runbook: str, date: str) -> dict[str, Any]:
    """Return a Job that moves all that is on a node's volume into its folder `set-aside-DATE`.

    Moving within a volume only renames, and `find` moves what has not been moved yet: a Job that is killed
    half-way and runs again ends the same. `date` is as `date_of_name` gives it.
    """
    path = claim_path(statefulset)
    aside = f"{path}/{ASIDE}{date}"
    steps = [["/usr/bin/mkdir", "-p", aside], _move(path, aside, *_SPARED)]
    return node_job(statefulset, steps, runbook=runbook, suffix=f"aside-{date}")


def folder_aside_job(
    statefulset: Mapping[str, Any], folder: str, *, runbook: str, date: str
) -> dict[str, Any]:
    """Return a Job that moves one folder of a node's volume into the volume's folder `set-aside-DATE`.

    `folder`: its path on the volume. One that is not there (any more) is no error: an earlier run moved it.
    """
    path = claim_path(statefulset)
    aside, (parent, _, name) = f"{path}/{ASIDE}{date}", f"/{folder}".rpartition("/")
    within = ["-mindepth", "1", "-maxdepth", "1", "-name", name]
    steps = [
        ["/usr/bin/mkdir", "-p", aside],
        ["/usr/bin/find", f"{path}{parent}", *within, "-exec", "/usr/bin/mv", "-t", aside, "{}", "+"],
    ]
    return node_job(statefulset, steps, runbook=runbook, suffix=f"aside-{date}")


def blocks_aside_job(statefulset: Mapping[str, Any], *, runbook: str, date: str) -> dict[str, Any]:
    """Return a Job as `aside_job` does, which leaves the peer's store of private data where it is.

    A peer takes private data from there for blocks that it commits once more, as after `peer node reset`.
    Source: commitToPvtAndBlockStore in core/ledger/kvledger/kv_ledger.go, StoreBlock in
    gossip/privdata/coordinator.go (Fabric 3.1.5).
    """
    path = claim_path(statefulset)
    ledgers, aside = f"{path}/{_LEDGERS}", f"{path}/{ASIDE}{date}-blocks"
    steps = [
        ["/usr/bin/mkdir", "-p", ledgers, f"{aside}/{_LEDGERS}"],
        _move(path, aside, *_SPARED, _LEDGERS),
        _move(ledgers, f"{aside}/{_LEDGERS}", _PRIVATE),
    ]
    return node_job(statefulset, steps, runbook=runbook, suffix=f"blocks-{date}")


def command_job(
    statefulset: Mapping[str, Any], command: Sequence[str], *, runbook: str, purpose: str, date: str
) -> dict[str, Any]:
    """Return a Job that runs a command of the node's image with the node's files, environment and volume."""
    return node_job(statefulset, [command], runbook=runbook, suffix=f"{purpose}-{date}")


def _move(folder: str, to: str, *spared: str) -> list[str]:
    """Return a command that moves the content of a folder, but for names like these."""
    names = [part for name in spared for part in ("!", "-name", name)]
    move = ["-exec", "/usr/bin/mv", "-t", to, "{}", "+"]
    return ["/usr/bin/find", folder, "-mindepth", "1", "-maxdepth", "1", *names, *move]
