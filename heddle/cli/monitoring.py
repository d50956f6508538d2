"""Watch an instance with Prometheus and Grafana: the verbs of `heddle monitoring`."""

import json
import signal
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from heddle.backup.due import ask_backup_age
from heddle.cli.monitoring_react import react
from heddle.cli.options import HERE, Folder, Stack, Timeout
from heddle.cli.printing import print_line
from heddle.clientconfig.files import ClientFile
from heddle.clientconfig.folder import write_client_folder
from heddle.errors import EngineError, HeddleError
from heddle.monitoring.alarms import rules_yaml
from heddle.monitoring.dashboards import DASHBOARDS, grafana
from heddle.monitoring.exporter import Facts, ask_facts, samples_of, text_of
from heddle.monitoring.exporter import serve as serve_facts
from heddle.monitoring.scraping import prometheus_files
from heddle.monitoring.targets import Places
from heddle.network.network import open_network

__all__ = ["app"]

SECONDS = 10.0
"""Seconds for an answer of each node, if left out."""

app = typer.Typer(no_args_is_help=True)
app.command()(react)


@app.command()
def serve(
    stack: Stack,
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where Prometheus scrapes it.")
    ] = "127.0.0.1:9745",
    every: Annotated[float, typer.Option("--every", min=1, help="Seconds between two rounds.")] = 60.0,
    timeout: Timeout = SECONDS,
    folder: Folder = HERE,
) -> None:
    """Serve what no node says of itself: margins, certificates, drift, backups, clocks, volumes."""
    host, port = _address(listen)
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        serve_facts(
            partial(_ask, stack, folder, timeout),
            host=host,
            port=port,
            every=every,
            stopped=stopped,
            tell=partial(typer.echo, err=True),
        )
    except OSError as error:
        words = error.strerror or str(error)
        raise HeddleError(
            f"--listen {listen}: {words}", hint="Give an address of this machine and a port that nobody uses."
        ) from error


@app.command()
def metrics(stack: Stack, timeout: Timeout = SECONDS, folder: Folder = HERE) -> None:
    """Print one scrape of what `serve` serves; exit code 1 if something could not be found out."""
    found = _ask(stack, folder, timeout)
    typer.echo(text_of(found.namespace, samples_of(found, datetime.now(UTC))), nl=False)
    for name, reason in found.unknown.items():
        typer.echo(f"{name}: {reason}", err=True)
    if found.unknown:
        raise typer.Exit(1)


@app.command()
def rules(stack: Stack, folder: Folder = HERE) -> None:
    """Print the alarms of an instance as a file of rules for Prometheus."""
    typer.echo(rules_yaml(stack, open_network(stack, folder).instance.namespace), nl=False)


@app.command()
def config(
    stack: Stack,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write.", file_okay=False)],
    exporter: Annotated[
        str, typer.Option("--exporter", metavar="HOST:PORT", help="Where `serve` listens, as pods reach it.")
    ] = "",
    alertmanager: Annotated[
        str, typer.Option("--alertmanager", metavar="HOST:PORT", help="Who is told of alarms.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over files that are not Heddle's.")] = False,
    folder: Folder = HERE,
) -> None:
    """Write what a Prometheus in the cluster needs: configuration, rules, certificates."""
    network = open_network(stack, folder)
    for option, place in (("--exporter", exporter), ("--alertmanager", alertmanager)):
        if place:
            _address(place, option)
    if network.instance.operations_tls_certificate is not None and network.operations_tls() is None:
        raise EngineError(
            "the key of the operations endpoints' client is not in this access folder",
            hint="Run the command with the stack's name where its state and passphrase are.",
        )
    places = Places(exporter=exporter, alertmanager=alertmanager)
    files = {
        name: ClientFile(content=file.content, secret=file.secret)
        for name, file in prometheus_files(stack, network, places).items()
    }
    owner = {"instance": network.instance.name, "part": "monitoring"}
    for written in write_client_folder(out, owner, files, force=force):
        print_line(f"{written.path}{'  (secret)' if written.secret else ''}")


@app.command()
def dashboards(
    stack: Stack,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write.", file_okay=False)],
    folder: Folder = HERE,
) -> None:
    """Write the dashboards of an instance as JSON that Grafana imports."""
    namespace = open_network(stack, folder).instance.namespace
    out.mkdir(parents=True, exist_ok=True)
    for dashboard in DASHBOARDS:
        file = out / f"{dashboard.name}.json"
        drawn = grafana(dashboard, stack=stack, namespace=namespace)
        file.write_text(json.dumps(drawn, indent=2) + "\n", encoding="utf-8")
        print_line(str(file))


def _ask(stack: str, folder: Path, timeout: float) -> Facts:
    backups = partial(ask_backup_age, stack, folder, deadline=timeout)
    return ask_facts(stack, folder, backups, deadline=timeout)


def _address(listen: str, option: str = "--listen") -> tuple[str, int]:
    """Return host and port; for IPv6 the host stands in brackets."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise typer.BadParameter(f"{option} {listen}: give HOST:PORT, as 127.0.0.1:9745 or [::1]:9745")
    return host.strip("[]"), int(port)
