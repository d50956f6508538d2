"""Run the program, `__main__.py`, in a thread of its own.

A fresh thread has fresh context variables, which is where the SDK keeps everything; with a loop of its own
and the program's modules dropped afterwards, a second run in the same process begins from nothing.

Source: sdk/python/cmd/pulumi-language-python-exec of pulumi/pulumi.
"""

import asyncio
import logging
import runpy
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi.runtime
from pulumi.runtime.settings import SETTINGS

from heddle.embedded.engine.context import Context
from heddle.embedded.engine.monitor import EngineService, Monitor
from heddle.errors import HeddleError
from heddle.state.backend import ORGANIZATION
from heddle.state.project import Project

__all__ = ["execute", "explain_program"]

_OWN_PACKAGE = __name__.partition(".")[0]
"""Ours: it may lie in the project's folder and is no part of the program."""
_WAITING = 4
"""Threads per provider call that may run: every registration that waits holds one."""


@dataclass(frozen=True, kw_only=True)
class _Job:
    """The settings of the program's thread."""

    project: Project
    context: Context
    monitor: Monitor
    engine: EngineService


async def execute(project: Project, context: Context, monitor: Monitor, engine: EngineService) -> None:
    """Run the program to its end; raises what it raises."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    job = _Job(project=project, context=context, monitor=monitor, engine=engine)

    def finish(error: BaseException | None) -> None:
        if ended.cancelled():
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)

    def body() -> None:
        caught: BaseException | None = None
        try:
            _run(job)
        except SystemExit as error:
            caught = HeddleError(f"the program exited with status {error.code}") if error.code else None
        except BaseException as error:
            caught = error
        loop.call_soon_threadsafe(finish, caught)

    # A daemon: a program that hangs after a second Ctrl-C must not keep the process.
    threading.Thread(target=body, name="program", daemon=True).start()
    await ended


def _run(job: _Job) -> None:
    """Run the program in this thread."""
    context = job.context
    pulumi.runtime.set_all_config(dict(context.config), list(context.config_secrets))
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=context.project,
            stack=context.stack,
            monitor=job.monitor,
            engine=job.engine,
            parallel=context.parallel,
            dry_run=context.preview,
            organization=ORGANIZATION,
            root_directory=str(job.project.folder),
        )
    )
    # The SDK leaves futures of failed programs unobserved; asyncio's complaints about them help nobody.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=context.parallel * _WAITING, thread_name_prefix="registration")
    loop.set_default_executor(executor)
    folder = str(job.project.main.parent)
    before = set(sys.modules)
    sys.path.insert(0, folder)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _program(job.project.main)))
    finally:
        sys.path.remove(folder)
        _forget_modules(before, job.project)
        executor.shutdown(wait=False, cancel_futures=True)
        loop.close()


async def _program(main: Path) -> None:
    """Run the file, and wait for what it began.

    The SDK waits too, but asks every unfinished output after each one that ends: with 2000 resources that is
    two thirds of a preview's time. It looks at what is left here, so a failure is reported by it as always.
    """
    _run_main(main)
    manager = SETTINGS.rpc_manager
    while begun := [one for one in (*SETTINGS.outputs, *manager.rpcs) if not one.done()]:
        done, _ = await asyncio.wait(begun, return_when=asyncio.FIRST_EXCEPTION)
        if any(one.cancelled() or one.exception() for one in done):
            return


def _run_main(main: Path) -> None:
    """Run the file as Python runs a script."""
    if not main.exists():
        raise HeddleError(f"there is no program: {main}")
    runpy.run_path(str(main), run_name="__main__")


def _forget_modules(before: set[str], project: Project) -> None:
    """Drop the program's own modules, so that the next run executes them again."""
    folder = project.main.parent.resolve()
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if not file or name.partition(".")[0] == _OWN_PACKAGE:
            continue
        path = Path(file).resolve()
        if path.is_relative_to(folder) and "site-packages" not in path.parts:
            del sys.modules[name]


def explain_program(error: BaseException, main: Path) -> str:
    """Return what to say about a program that failed: its message, or its traceback from the program on."""
    if isinstance(error, HeddleError | pulumi.RunError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    start = next((index for index, frame in enumerate(frames) if Path(frame.filename) == main), 0)
    text = "".join(
        [
            *traceback.format_list(frames[start:]),
            *traceback.format_exception_only(type(error), error),
        ]
    )
    return f"Program failed with an unhandled exception:\nTraceback (most recent call last):\n{text.rstrip()}"
