"""Bring an instance back from a backup: `heddle backup restore`."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from heddle import config
from heddle.backup.catalog import NEWEST, find_backup
from heddle.backup.contents import Reader
from heddle.backup.manifest import Manifest
from heddle.backup.place import place_of
from heddle.backup.restoring.restore import Restoration, Restored, prepare_restoration
from heddle.backup.restoring.restore import restore as restore_instance
from heddle.backup.sealing import Identity, read_identity
from heddle.backup.target import Target, open_target
from heddle.cli.backup_options import Backup, IdentityFile, TargetOption
from heddle.cli.consent import ask_consent, require_terminal
from heddle.cli.options import HERE, Folder, Json, StackFile, Yes
from heddle.cli.printing import print_json, print_line, print_paragraphs
from heddle.cli.progress import shown_progress
from heddle.errors import BackupError
from heddle.state.log import recorded
from heddle.state.project import open_project
from heddle.state.stack import open_stack
from heddle.text import counted

__all__ = ["restore"]


def restore(
    stack: StackFile,
    backup: Backup = NEWEST,
    identity: IdentityFile = None,
    target: TargetOption = "",
    stack_file: Annotated[
        bool,
        typer.Option(
            "--stack-file", help="Put the backup's stack file in its place, too; today's is kept beside it."
        ),
    ] = False,
    instance: Annotated[
        str, typer.Option("--instance", help="Name of the instance, where there is no stack file to say it.")
    ] = "",
    yes: Yes = False,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Bring back an instance that has lost everything: its state and ledgers; then `heddle up` starts it."""
    if not yes:
        require_terminal("--yes")
    keys = read_identity(identity) if identity else ()
    place = _target(stack, folder, target=target, instance=instance)
    manifest = asyncio.run(find_backup(place, backup))
    reader = Reader(place, manifest, keys)
    if stack_file or not _stack_file(stack, folder).exists():
        _put_stack_file(_stack_file(stack, folder), asyncio.run(reader.read(manifest.stack_file)))
    prepared = _prepared(stack, folder, manifest, place, keys)
    if not json_:
        _show(prepared)
    ask_consent("Do you want to restore it?", yes=yes, declined="nothing was restored")
    backend = prepared.stack.backend
    with backend.locked(), recorded(backend, "backup restore", manifest.id), shown_progress() as progress:
        done = asyncio.run(restore_instance(prepared, progress))
    if json_:
        print_json({"id": manifest.id, "volumes": list(done.written), "state": done.state})
    else:
        _show_done(prepared, done)


def _target(stack: str, folder: Path, *, target: str, instance: str) -> Target:
    """Return where the backups are. Raises BackupError where nothing says it."""
    if _stack_file(stack, folder).exists() and not instance:
        return place_of(open_stack(folder, stack), folder, target=target).target
    if not (target and instance):
        raise BackupError(
            f"there is no {_stack_file(stack, folder)} that says where the backups are",
            hint="Give both --target PLACE and --instance NAME, as the stack file had them.",
        )
    return open_target(target, instance, base=Path.cwd())


def _stack_file(stack: str, folder: Path) -> Path:
    return open_project(folder.resolve()).stacks / f"Pulumi.{stack}.yaml"


def _put_stack_file(path: Path, content: bytes) -> None:
    """Write the backup's stack file, unless it is there; one that is there stays beside it."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_name(f"{path.name}.before-restore"))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def _prepared(
    stack: str, folder: Path, manifest: Manifest, target: Target, keys: tuple[Identity, ...]
) -> Restoration:
    opened = open_stack(folder, stack)
    settings = config.read_values(opened.name, opened.config.values, opened.config.secret_keys)
    with shown_progress() as progress:
        return asyncio.run(
            prepare_restoration(opened, settings, manifest, Reader(target, manifest, keys), progress)
        )


def _show(prepared: Restoration) -> None:
    manifest = prepared.manifest
    print_line(f"backup {manifest.id} of {manifest.instance}, made {manifest.created}")
    for channel in prepared.channels:
        height = counted(channel.backup.height, "block")
        print_line(f"  channel {channel.backup.name}: {height} proved; what came after them is lost")
    volumes = ", ".join(prepared.orderers)
    print_paragraphs([f"into namespace {manifest.namespace}, on new volumes of {volumes}"], indent=2)
    if private := sorted(name for name, chunks in prepared.private.items() if chunks):
        print_line(f"  with private data of {', '.join(private)}")
    if prepared.stack.resources:
        print_line("  the state that is here is set aside")


def _show_done(prepared: Restoration, done: Restored) -> None:
    name = prepared.stack.name
    if not done.written and not done.state:
        print_line(f"backup {prepared.manifest.id} is restored already")
    else:
        print_line(f"backup {prepared.manifest.id} is restored: state, and ledgers of the ordering nodes")
    print_line(f"  next: heddle up {name}, which starts the nodes; peers fetch the blocks from the orderers")
