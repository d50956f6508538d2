"""Make, list, check, remove and restore backups: `heddle backup create|list|verify|…`."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.filesize import decimal as shown_size

from heddle.backup.catalog import NEWEST, Unreadable, backups, find_backup
from heddle.backup.copying import Progress
from heddle.backup.create import Created, create_backup
from heddle.backup.manifest import Manifest
from heddle.backup.place import Place, place_of
from heddle.backup.prune import Pruning, plan_pruning, prune
from heddle.backup.sealing import read_identity
from heddle.backup.verify import Verified, verify_backup
from heddle.cli.backup_drill import drill
from heddle.cli.backup_options import Backup, IdentityFile, TargetOption
from heddle.cli.backup_restore import restore
from heddle.cli.backup_schedule import schedule
from heddle.cli.consent import ask_consent, require_terminal
from heddle.cli.options import HERE, Folder, Json, StackFile, Yes
from heddle.cli.printing import cell, listing, print_json, print_line, print_listing, print_paragraphs
from heddle.cli.progress import shown_progress
from heddle.network.network import open_network
from heddle.state.log import acting
from heddle.state.stack import open_stack
from heddle.text import counted

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(stack: StackFile, target: TargetOption = "", json_: Json = False, folder: Folder = HERE) -> None:
    """Make a backup of the instance, and remove those that are more than the stack file keeps."""
    with acting(folder, stack, "backup create"):
        # Opened under the lock: what another process saved before it was ours counts.
        opened = open_stack(folder, stack, must_exist=True)
        place = place_of(opened, folder, target=target)
        network = open_network(stack, folder)
        with shown_progress() as progress:
            made = asyncio.run(create_backup(opened, network, place, progress))
        if json_:
            print_json(_summary(made.manifest) | {"sent": made.sent})
        else:
            _show_created(made, place)
        with shown_progress() as progress:
            pruned = asyncio.run(_tidied(place, progress))
    if pruned.backups and not json_:
        print_line(f"  removed: {', '.join(pruned.backups)}")


async def _tidied(place: Place, progress: Progress) -> Pruning:
    """Remove what is more than is kept, now that there is a good backup."""
    planned = await plan_pruning(place.target, place.keep)
    if planned.backups or planned.objects:
        progress(f"removing {counted(len(planned.backups), 'old backup')}")
        await prune(place.target, planned)
    return planned


def _show_created(made: Created, place: Place) -> None:
    manifest = made.manifest
    print_line(f"backup {manifest.id} of {manifest.instance} in {place.target.place}")
    for channel in manifest.channels.values():
        nodes = ", ".join(channel.confirmed_by)
        told = f"channel {channel.name}: {counted(channel.height, 'block')}, confirmed by {nodes}"
        print_paragraphs([told], indent=2)
    secret = "encrypted" if manifest.recipients else "not encrypted"
    print_line(f"  {shown_size(_size(manifest))}, of which {shown_size(made.sent)} were sent; {secret}")
    if private := [f"{each.name} by {each.peer}" for each in manifest.peers.values() if each.files]:
        print_line(f"  private data of {', '.join(private)}")


@app.command("list")
def list_(stack: StackFile, target: TargetOption = "", json_: Json = False, folder: Folder = HERE) -> None:
    """List the backups of the instance, the oldest first; exit code 1 if one cannot be read."""
    place = place_of(open_stack(folder, stack), folder, target=target)
    found = asyncio.run(backups(place.target))
    broken = [each for each in found if isinstance(each, Unreadable)]
    if json_:
        print_json([asdict(each) if isinstance(each, Unreadable) else _summary(each) for each in found])
    elif not found:
        print_line(f"{place.target.place} has no backup of {place.instance}")
    else:
        table = listing("BACKUP", "CHANNELS", "SIZE", "ENCRYPTED")
        for each in found:
            table.add_row(*_row(each))
        print_listing(Console(highlight=False), table)
    if broken:
        raise typer.Exit(1)


def _row(each: Manifest | Unreadable) -> tuple[Any, ...]:
    if isinstance(each, Unreadable):
        return (cell(each.id), cell(f"cannot be read: {each.reason}", "red"), cell("—"), cell("—"))
    heights = ", ".join(f"{channel.name} {channel.height}" for channel in each.channels.values())
    secret = "yes" if each.recipients else "no"
    return (cell(each.id), cell(heights or "—"), cell(shown_size(_size(each))), cell(secret))


@app.command()
def verify(
    stack: StackFile,
    backup: Backup = NEWEST,
    identity: IdentityFile = None,
    target: TargetOption = "",
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Read a whole backup and check every block of it; exit code 1 if something is wrong."""
    place = place_of(open_stack(folder, stack), folder, target=target)
    keys = read_identity(identity) if identity else ()

    async def check(progress: Progress) -> Verified:
        found = await find_backup(place.target, backup)
        return await verify_backup(place.target, found, keys, progress)

    with shown_progress() as progress:
        report = asyncio.run(check(progress))
    if json_:
        print_json(asdict(report) | {"sound": report.sound})
    else:
        _show_verified(report)
    if not report.sound:
        raise typer.Exit(1)


def _show_verified(report: Verified) -> None:
    for problem in report.problems:
        print_line(f"  {problem}")
    for channel, blocks in report.blocks.items():
        print_line(f"  channel {channel}: {counted(blocks, 'block')} proved")
    what = f"{counted(report.objects, 'object')}, {shown_size(report.size)}"
    if not report.sound:
        print_line(f"backup {report.id}: {counted(len(report.problems), 'problem')}; {what} read")
    elif report.opened:
        print_line(f"backup {report.id} is sound: {what}")
    else:
        print_line(f"backup {report.id}: {what} are stored as they were; to look into them, give --identity")


@app.command("prune")
def prune_(
    stack: StackFile,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Backups that stay; else as the stack file says.")
    ] = None,
    target: TargetOption = "",
    yes: Yes = False,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Remove old backups, and what no backup needs; never the last one."""
    if not yes:
        require_terminal("--yes")
    with acting(folder, stack, "backup prune"):
        place = place_of(open_stack(folder, stack), folder, target=target)
        planned = asyncio.run(plan_pruning(place.target, keep or place.keep))
        if planned.backups or planned.objects:
            words = f"{counted(len(planned.backups), 'backup')} and {shown_size(planned.size)}"
            if not json_:
                print_line(
                    f"to remove: {', '.join(planned.backups) or 'no backup'}; {shown_size(planned.size)}"
                )
            ask_consent(f"Do you want to remove {words}?", yes=yes, declined="nothing was removed")
            asyncio.run(prune(place.target, planned))
    if json_:
        print_json(asdict(planned))
    elif not planned.backups and not planned.objects:
        print_line("nothing to remove")


def _summary(manifest: Manifest) -> dict[str, Any]:
    return {
        "id": manifest.id,
        "created": manifest.created,
        "instance": manifest.instance,
        "encrypted": bool(manifest.recipients),
        "size": _size(manifest),
        "channels": {
            each.name: {
                "height": each.height,
                "lastHash": each.last_hash,
                "configSequence": each.config_sequence,
                "commitHash": each.commit_hash,
                "confirmedBy": list(each.confirmed_by),
            }
            for each in manifest.channels.values()
        },
        "peers": {
            each.name: {"peer": each.peer, "heights": dict(each.heights)} for each in manifest.peers.values()
        },
    }


def _size(manifest: Manifest) -> int:
    return sum({piece.sha256: piece.size for item in manifest.items() for piece in item.pieces}.values())


# Last, so that help lists the verbs in the order in which they are needed.
app.command()(schedule)
app.command()(drill)
app.command()(restore)
