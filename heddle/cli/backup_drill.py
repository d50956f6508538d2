"""Try whether a backup can be restored: `heddle backup drill`."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from heddle import config
from heddle.backup.catalog import NEWEST, find_backup
from heddle.backup.contents import Reader
from heddle.backup.copying import Progress
from heddle.backup.manifest import Manifest
from heddle.backup.place import Place, place_of
from heddle.backup.restoring.drill import DrillProof, drill_name, remove_drill
from heddle.backup.restoring.drill import drill as run_drill
from heddle.backup.restoring.drillquery import Query, QueryProof, read_query
from heddle.backup.restoring.restore import read_restoration
from heddle.backup.sealing import Identity, read_identity
from heddle.cli.backup_options import Backup, IdentityFile, TargetOption
from heddle.cli.options import HERE, Folder, Json, StackFile, Timeout
from heddle.cli.printing import print_json, print_line
from heddle.cli.progress import shown_progress
from heddle.config import StackSettings
from heddle.kube.apiserver import ApiServer
from heddle.kube.client import KubeClient
from heddle.state.log import recorded
from heddle.state.stack import Stack, open_stack
from heddle.text import counted
from heddle.topology import plan

__all__ = ["drill"]

_SECONDS = 900.0


def drill(
    stack: StackFile,
    backup: Backup = NEWEST,
    identity: IdentityFile = None,
    target: TargetOption = "",
    clean: Annotated[
        bool, typer.Option("--clean", help="Only remove what a drill that was killed has left.")
    ] = False,
    query: Annotated[
        list[str] | None,
        typer.Option(
            "--query",
            metavar="'CHAINCODE FUNCTION ARGS'",
            help="Also start chaincodes' servers and ask: all peers must answer the same. Again for more.",
        ),
    ] = None,
    timeout: Timeout = _SECONDS,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Restore a backup in a namespace of its own, compare heights, hashes and answers, and remove it."""
    opened = open_stack(folder, stack)
    settings = config.read_values(opened.name, opened.config.values, opened.config.secret_keys)
    if clean:
        _clean(opened, settings)
        return
    keys = read_identity(identity) if identity else ()
    queries = [read_query(each) for each in query or ()]
    place = place_of(opened, folder, target=target)
    began = time.monotonic()
    # Nothing of the stack is touched, so it needs no lock: an `up` may go on beside it.
    with recorded(opened.backend, "backup drill", locked=False), shown_progress() as progress:
        manifest, proof = asyncio.run(
            _drilled(opened, settings, place, backup, keys, queries, timeout, progress)
        )
    seconds = round(time.monotonic() - began, 1)
    if json_:
        channels = {each.name: asdict(each) for each in proof.channels}
        asked = [asdict(each) for each in proof.queries]
        print_json({"id": manifest.id, "seconds": seconds, "channels": channels, "queries": asked})
    else:
        _show(manifest, proof, seconds)


async def _drilled(
    stack: Stack,
    settings: StackSettings,
    place: Place,
    backup: str,
    keys: Sequence[Identity],
    queries: Sequence[Query],
    patience: float,
    progress: Progress,
) -> tuple[Manifest, DrillProof]:
    manifest = await find_backup(place.target, backup)
    reader = Reader(place.target, manifest, keys)
    restoration = await read_restoration(stack, settings, manifest, reader, progress)
    return manifest, await run_drill(restoration, queries, patience=patience, progress=progress)


def _show(manifest: Manifest, proof: DrillProof, seconds: float) -> None:
    for each in proof.channels:
        print_line(
            f"channel {each.name}: {counted(each.height, 'block')}, the last with hash {each.last_hash}"
        )
        print_line(f"  orderers: {', '.join(each.orderers)}")
        print_line(f"  peers, with their state made anew: {', '.join(each.peers) or 'none is of this stack'}")
        if each.commit_hash:
            print_line(
                f"  their state has commit hash {each.commit_hash}, as that of the peers of which the "
                "backup was made"
            )
        print_line(f"  chaincodes in force: {', '.join(each.definitions) or 'none'}")
    for asked in proof.queries:
        print_line(f"channel {asked.channel}: {asked.query}: {asked.answer}")
        print_line(f"  answered by {', '.join(asked.peers)}; {_compared(asked)}")
    print_line(f"backup {manifest.id} was restored, compared and removed in {seconds:.0f} s")


def _compared(asked: QueryProof) -> str:
    """Say how an answer compares with that of the network that lives, which has moved on since."""
    if asked.living is None:
        return "the network that lives does not answer"
    if asked.living == asked.answer:
        return "the network that lives answers the same"
    return f"the network that lives now answers: {asked.living}"


def _clean(stack: Stack, settings: StackSettings) -> None:
    topology = plan(settings.instance, public_address=settings.cluster.public_address)
    namespace = drill_name(topology.namespace)

    async def remove() -> bool:
        async with KubeClient(await ApiServer.load(settings.cluster.kubeconfig)) as client:
            return await remove_drill(client, namespace, stack.name)

    gone = asyncio.run(remove())
    print_line(f"namespace {namespace} {'is removed' if gone else 'is not there'}")
