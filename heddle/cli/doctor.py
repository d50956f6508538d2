"""`heddle doctor`: is this machine, and a stack's cluster, fit for what Heddle does there?"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import yaml
from kubernetes import client
from kubernetes.config import new_client_from_config_dict
from urllib3.exceptions import HTTPError

from heddle import config
from heddle.cli.doctor_domain import domain_findings
from heddle.cli.findings import Finding
from heddle.embedded.kubernetes.prerequisites import obstacles
from heddle.embedded.kubernetes.programs import built
from heddle.errors import EngineError, SpecError
from heddle.state.secrets import find_passphrase
from heddle.state.stack import open_stack
from heddle.topology import plan

__all__ = ["doctor"]


def doctor(
    stack: Annotated[str, typer.Argument(help="Also look at this stack's file and cluster.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at this machine, and at a stack's file and cluster; exit code 1 if something needs doing."""
    findings = [*_machine(), _passphrase(), *(_stack(stack) if stack else ())]
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in findings], indent=2) + "\n")
    else:
        for one in findings:
            mark = typer.style("✗", fg="red") if one.step else typer.style("✓", fg="green")
            typer.echo(f"{mark} {one.what}: {one.found}")
            if one.step:
                typer.echo(f"    {one.step}")
    if any(one.step for one in findings):
        raise typer.Exit(1)


def _machine() -> Iterator[Finding]:
    """What a local cluster takes."""
    problems = obstacles(needs_go=built() is None)
    for problem in problems:
        yield Finding(
            what="local cluster",
            found=problem,
            step="Only local clusters need it: make up CONTEXT=your-kube-context does without.",
        )
    if not problems:
        yield Finding(what="local cluster", found="this machine has what it takes")


def _passphrase() -> Finding:
    """What the state's secrets are encrypted with."""
    try:
        find_passphrase()
    except EngineError as error:
        return Finding(what="passphrase", found=error.message, step=error.hint)
    return Finding(what="passphrase", found="there is one for the state's secrets")


def _stack(stack: str) -> Iterator[Finding]:
    """Whether the stack file can be used and its cluster answers."""
    try:
        values = open_stack(Path(), stack).config.values
    except EngineError as error:
        yield Finding(what="stack", found=error.message, step=error.hint or "See the message.")
        return
    try:
        settings = config.read(
            stack=stack,
            data=json.loads(values.get("fabric:instance", "null")),
            kube_context=values.get("fabric:kubeContext", ""),
        )
    except SpecError as error:
        yield Finding(
            what="stack file", found=error.message, step=error.hint or "Mend the file, then look again."
        )
        return
    yield Finding(what="stack file", found=f"stacks/Pulumi.{stack}.yaml can be used")
    cluster = _cluster(settings.cluster.kubeconfig)
    yield cluster
    if settings.instance.domain and not cluster.step:
        hosts = [node.host for node in plan(settings.instance).nodes]
        yield from domain_findings(settings.instance.domain, hosts, settings.cluster.kubeconfig)


def _cluster(kubeconfig: str) -> Finding:
    """Whether the API server answers to these credentials."""
    step = "Does `kubectl version` work with this kubeconfig? For a local cluster: heddle cluster up."
    try:
        api = new_client_from_config_dict(yaml.safe_load(kubeconfig))
        version = client.VersionApi(api).get_code(_request_timeout=10)
    except (HTTPError, client.ApiException, OSError) as error:
        return Finding(what="cluster", found=f"does not answer: {error}", step=step)
    return Finding(what="cluster", found=f"Kubernetes {version.git_version} answers")
