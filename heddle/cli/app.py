"""Registers the verbs and prints errors as answers, never as tracebacks.

Verb modules import only typer and rich at their top, and what they need inside the verb: `heddle --help` is
quick.
"""

import gc
import sys

import typer

from heddle.cli import chaincode, channel, cluster, image, image_standin, quickstart, run, runbook
from heddle.cli.doctor import doctor
from heddle.cli.sdkconfig import sdk_config
from heddle.cli.status import status
from heddle.errors import HeddleError

app = typer.Typer(
    name="heddle",
    help="Deploys and operates Hyperledger Fabric networks on Kubernetes, as code.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(cluster.app, name="cluster")
app.add_typer(channel.app, name="channel")
app.add_typer(chaincode.app, name="chaincode")
app.add_typer(image.app, name="image")
app.add_typer(quickstart.app, name="quickstart")
app.add_typer(runbook.app, name="runbook")
image.app.command()(image_standin.standin)
image.app.command()(image_standin.sample_chaincode)

for verb in (run.up, run.preview, run.refresh, run.destroy, run.output):
    app.command()(verb)

app.command("status")(status)
app.command("sdk-config")(sdk_config)
app.command("doctor")(doctor)


def main() -> None:
    """Run the command line; a HeddleError becomes its message, its next step and exit code 1."""
    # A run builds one graph that lives to its end. Going through it again at every 700 new objects, as
    # Python does, finds nothing and takes a third of a large preview.
    gc.set_threshold(100_000, 50, 100)
    try:
        app()
    except HeddleError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
