"""React to alarms without a person: `heddle monitoring react`."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from heddle.cli.options import HERE, Folder
from heddle.config import read_instance
from heddle.errors import HeddleError, RunbookError
from heddle.network.network import open_network
from heddle.reaction import delivery
from heddle.reaction.allowed import allowed_runbooks
from heddle.reaction.reactor import Notice, Reactor, Ways
from heddle.reaction.serving import PATH, serve
from heddle.reaction.webhook import Alert
from heddle.runbooks.following import start_heddle, triage
from heddle.state.project import is_access_folder
from heddle.state.stack import open_stack

__all__ = ["react"]


def react(
    stack: Annotated[str, typer.Option("--stack", "-s", help="The stack whose alarms they are.")],
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where Alertmanager posts to.")
    ] = "127.0.0.1:9746",
    notices: Annotated[
        Path | None, typer.Option("--notices", metavar="DIR", help="Write each notice here.", file_okay=False)
    ] = None,
    post: Annotated[str, typer.Option("--post", metavar="URL", help="Post each notice there.")] = "",
    act: Annotated[
        list[str] | None,
        typer.Option("--act", metavar="RUNBOOK", help="May act by itself, too. Again for more."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="The bearer's token that clients must have.")
    ] = None,
    post_token_file: Annotated[
        Path | None, typer.Option("--post-token-file", help="The bearer's token for --post.")
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Take alarms of Alertmanager: look, and attach each named runbook's plan to a notice."""
    host, port = _address(listen)
    if notices is None and not post:
        raise typer.BadParameter("--notices DIR or --post URL: say where notices go")
    acts = allowed_runbooks(_said(stack, folder), act or ())
    namespace = open_network(stack, folder).instance.namespace
    reactor = Reactor(
        stack=stack,
        namespace=namespace,
        ways=Ways(triage=lambda: triage(stack, folder), run=lambda command: start_heddle(command, folder)),
        acts=acts,
        deliver=_delivery(notices, post, _token(post_token_file)),
        tell=_tell,
    )
    _tell(f"may act by itself: {', '.join(sorted(acts)) or 'no runbook'}")
    asyncio.run(_serve(reactor, host, port, _token(token_file)))


def _said(stack: str, folder: Path) -> tuple[str, ...]:
    """Return the runbooks that the stack file lets act; none of an access folder, which has no stack file."""
    if is_access_folder(stack):
        return ()
    stored = open_stack(folder, stack).config
    monitoring = read_instance(stack, stored.values, stored.secret_keys).monitoring
    return monitoring.acts if monitoring is not None else ()


async def _serve(reactor: Reactor, host: str, port: int, token: str) -> None:
    """Serve and work until SIGINT or SIGTERM; a runbook that is under way is ended with its clean-up then."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)

    async def taken(alerts: Sequence[Alert]) -> int:
        return reactor.take(alerts)

    def take(alerts: Sequence[Alert]) -> int:
        return asyncio.run_coroutine_threadsafe(taken(alerts), loop).result()

    try:
        server = serve(host, port, token, take)
    except OSError as error:
        words = error.strerror or str(error)
        raise HeddleError(
            f"--listen {host}:{port}: {words}", hint="Give an address of this machine that nobody uses."
        ) from error
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _tell(f"takes alarms at http://{host}:{server.server_port}{PATH}")
    worker = asyncio.create_task(reactor.work())
    try:
        await stopped.wait()
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


def _delivery(folder: Path | None, address: str, token: str) -> Callable[[Notice], Awaitable[None]]:
    async def deliver(notice: Notice) -> None:
        # The folder first: what is posted to an address that does not answer is kept there.
        if folder is not None:
            await asyncio.to_thread(delivery.write, notice, folder)
        if address:
            await delivery.post(notice, address, token)

    return deliver


def _token(file: Path | None) -> str:
    """Return the token in a file; empty without one. Raises RunbookError for a file that has none."""
    if file is None:
        return ""
    try:
        token = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise RunbookError(f"{file}: {error.strerror}", hint="Give a file with the token.") from error
    if not token:
        raise RunbookError(f"{file} is empty", hint="Give a file with the token.")
    return token


def _address(listen: str) -> tuple[str, int]:
    """Return host and port; for IPv6 the host stands in brackets."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise typer.BadParameter(f"--listen {listen}: give HOST:PORT, as 127.0.0.1:9746 or [::1]:9746")
    return host.strip("[]"), int(port)


def _tell(words: str) -> None:
    typer.echo(" ".join(words.split()), err=True)
