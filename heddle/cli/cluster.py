"""Run one-node Kubernetes clusters on this machine: `heddle cluster up|down|status|kubeconfig|load|logs`."""

import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from heddle.cli.options import Json
from heddle.cli.printing import cell, print_json, print_line
from heddle.embedded.kubernetes.down import down as take_down
from heddle.embedded.kubernetes.images import load_image
from heddle.embedded.kubernetes.layout import layout_of
from heddle.embedded.kubernetes.logs import ends_of_logs
from heddle.embedded.kubernetes.prerequisites import ensure_root
from heddle.embedded.kubernetes.status import status_of
from heddle.embedded.kubernetes.up import up as bring_up
from heddle.errors import LocalKubeError
from heddle.spec.defaults import DNS_DOMAIN
from heddle.spec.names import DOMAIN

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Option("--name", help="The cluster; several can stand side by side.")]
_LOCAL = "local"
_LOG_SECONDS = 15


class Steps:
    """Show the steps of a long command: one moving line on a terminal, plain lines in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._title = ""
        self._shown = 0.0

    def begin(self, title: str) -> None:
        """Show the step that begins."""
        self._title = title
        self._shown = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(f"… {title}", highlight=False)
            return
        self._status = self._console.status(title)
        self._status.start()

    def detail(self, text: str) -> None:
        """Show how far the step is: at once on a terminal, every quarter of a minute in a log."""
        if self._status:
            self._status.update(Text.assemble(self._title, " ", cell(text, "dim")))
        elif time.monotonic() - self._shown > _LOG_SECONDS:
            self._shown = time.monotonic()
            self._console.print(Text.assemble("  ", cell(text)))

    def end(self, title: str, seconds: float) -> None:
        """Show the step as done, with the seconds it took."""
        self.close()
        self._console.print(f"[green]✓[/green] {title} [dim]{seconds:.1f} s", highlight=False)

    def close(self) -> None:
        """Take the moving line away, also after a failure."""
        if self._status:
            self._status.stop()
        self._status = None


@app.command()
def up(
    name: Name = _LOCAL,
    dns_domain: Annotated[
        str,
        typer.Option(
            "--dns-domain",
            metavar="DOMAIN",
            help=f"What the names of its Services end with; {DNS_DOMAIN} if left out.",
        ),
    ] = "",
) -> None:
    """Bring a cluster up; one that is up stays as it is."""
    if dns_domain and not DOMAIN.allows(dns_domain):
        raise typer.BadParameter(f"--dns-domain {dns_domain}: {DOMAIN.words}")
    layout = layout_of(name)
    with closing(Steps(Console())) as steps:
        changed = bring_up(layout, steps, dns_domain=dns_domain)
    typer.echo(f"cluster {name} is {'up' if changed else 'up already'}")
    typer.echo(f"  export KUBECONFIG={layout.kubeconfig}")


@app.command()
def down(
    name: Name = _LOCAL,
    purge: Annotated[
        bool, typer.Option("--purge", help="Also remove its volumes, images and state.")
    ] = False,
) -> None:
    """Take a cluster down; volumes and objects stay for the next `up`, unless purged."""
    with closing(Steps(Console())) as steps:
        was_up = take_down(layout_of(name), steps, purge=purge)
    typer.echo(f"cluster {name} is {'down' if was_up else 'not here'}")


@app.command()
def status(name: Name = _LOCAL, json_: Json = False) -> None:
    """Show the cluster's programs; exit code 1 unless all run and the node is ready."""
    cluster = status_of(layout_of(name))
    if json_:
        print_json(cluster.as_json())
    else:
        console = Console(highlight=False, soft_wrap=True)
        console.print(f"cluster {name}: [bold]{cluster.state}[/bold]")
        if cluster.components:
            table = Table("component", "pid", "memory", box=None, pad_edge=False)
            for component in cluster.components:
                pid = str(component.pid or "[red]not running")
                table.add_row(component.name, pid, f"{component.memory_mb} MB" if component.pid else "")
            console.print(table)
            console.print(f"node {cluster.node}, kubeconfig {cluster.kubeconfig}")
    if cluster.state != "ready":
        raise typer.Exit(1)


@app.command()
def kubeconfig(
    name: Name = _LOCAL,
    content: Annotated[bool, typer.Option("--content", help="Print the file itself.")] = False,
) -> None:
    """Print the path of the administrator's kubeconfig."""
    path = layout_of(name).kubeconfig
    if not path.exists():
        raise LocalKubeError(
            f"cluster {name}: has no kubeconfig yet", hint=f"heddle cluster up --name {name}"
        )
    typer.echo(path.read_text().removesuffix("\n") if content else path)


@app.command()
def load(
    archives: Annotated[
        list[Path], typer.Argument(metavar="IMAGE.tar", help="docker-archive or OCI tar files", exists=True)
    ],
    name: Name = _LOCAL,
) -> None:
    """Load images into the cluster, so that pods need not pull them."""
    ensure_root()
    layout = layout_of(name)
    for archive in archives:
        for image in load_image(layout, archive):
            print_line(image)


@app.command()
def logs(
    component: Annotated[
        str, typer.Argument(metavar="COMPONENT", help="etcd, kubelet, …; none: the end of each")
    ] = "",
    name: Name = _LOCAL,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines from the end.")] = 20,
) -> None:
    """Show the components' logs."""
    print_line(ends_of_logs(layout_of(name), component, lines).removesuffix("\n"))
