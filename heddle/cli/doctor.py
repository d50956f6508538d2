"""Check this machine and a stack: `heddle doctor [STACK]`."""

from dataclasses import asdict
from typing import Annotated

import typer

from heddle.cli.options import HERE, Folder, Json
from heddle.cli.printing import print_findings, print_json
from heddle.doctor.machine import local_cluster_findings, passphrase_finding
from heddle.doctor.stack import stack_findings
from heddle.embedded.kubernetes.prerequisites import obstacles
from heddle.embedded.kubernetes.programs import built

__all__ = ["doctor"]


def doctor(
    stack: Annotated[
        str, typer.Argument(metavar="STACK", help="A stack whose file and cluster to check.")
    ] = "",
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Print the findings of all checks; exit code 1 if one of them has a next step."""
    findings = [*local_cluster_findings(obstacles(needs_go=built() is None)), passphrase_finding()]
    if stack:
        findings += stack_findings(stack, folder)
    if json_:
        print_json([asdict(finding) for finding in findings])
    else:
        print_findings(findings)
    if any(finding.step for finding in findings):
        raise typer.Exit(1)
