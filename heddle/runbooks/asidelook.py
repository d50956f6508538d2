"""Find, and delete, what runbooks set aside on volumes: of orderers, of peers, of peers' databases."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from heddle import couchdb
from heddle.errors import HeddleError
from heddle.kube.apiserver import ApiServer
from heddle.kube.execute import execute
from heddle.network.instance import InstanceOutput
from heddle.render import LEDGER_PATH
from heddle.runbooks.context import Context
from heddle.runbooks.ledgerjobs import ASIDE

__all__ = ["Volume", "folders_in", "free_command", "look_command", "set_aside", "volumes_of"]

_CALL = 10.0
_FOLDER = re.compile(rf"{ASIDE}[A-Za-z0-9-]+")
"""Names that runbooks give (heddle.runbooks.ledgerjobs); of any other one nobody knows whose it is."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Name a claim, the pod that uses it, and the path where that pod has it."""

    claim: str
    namespace: str
    pod: str
    path: str


def volumes_of(instance: InstanceOutput) -> Iterator[Volume]:
    """Yield the volumes of an instance's nodes and databases."""
    for node in (*instance.orderers, *instance.peers):
        yield Volume(claim=node.name, namespace=node.namespace, pod=node.pod, path=LEDGER_PATH)
        if database := node.state_database:
            path = couchdb.DATA_PATH
            yield Volume(claim=database, namespace=node.namespace, pod=f"{database}-0", path=path)


async def set_aside(context: Context) -> dict[str, tuple[str, ...]]:
    """Return by claim the paths of the folders that runbooks set aside on it; of pods that run."""
    server = await ApiServer.load(context.kubeconfig)
    volumes = list(volumes_of(context.network.instance))
    found = await asyncio.gather(*(_folders(server, each) for each in volumes))
    return {volume.claim: paths for volume, paths in zip(volumes, found, strict=True) if paths}


async def _folders(server: ApiServer, volume: Volume) -> tuple[str, ...]:
    try:
        said = await execute(server, volume.namespace, volume.pod, look_command(volume.path), deadline=_CALL)
    except HeddleError:
        return ()  # a pod that does not run has nobody to ask
    return folders_in(said.output.decode(), volume.path)


def look_command(path: str) -> list[str]:
    """Return a command that prints what is set aside on the volume at a path; no link is one of them."""
    return ["/usr/bin/find", path, "-mindepth", "1", "-maxdepth", "1", "-type", "d", "-name", f"{ASIDE}*"]


def folders_in(output: str, path: str) -> tuple[str, ...]:
    """Return the folders that `look_command` has printed."""
    lines = map(PurePosixPath, output.splitlines())
    return tuple(
        sorted(str(each) for each in lines if str(each.parent) == path and _FOLDER.fullmatch(each.name))
    )


def free_command(paths: Sequence[str]) -> list[str]:
    """Return a command that deletes these folders with all that is in them, and follows no link."""
    return ["/usr/bin/rm", "-rf", "--one-file-system", "--", *paths]
