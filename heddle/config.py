"""The only reader of pulumi.Config: from the stack file to a validated instance and the cluster it goes to.

It reads files (the kubeconfig, certificates of external organizations) but asks no cluster anything. A stack
file that cannot be used is one StackFileError with every problem in it, which Pulumi prints without a
traceback.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pulumi

from heddle.errors import SpecError
from heddle.kube import kubeconfig
from heddle.paths import cluster_kubeconfig
from heddle.spec import Instance, Problem, report
from heddle.spec.load import check_instance
from heddle.spec.problems import MISSING, in_order_of

PROJECT = "fabric"
_LONGEST_PATH = 4096
_LARGEST_FILE = 1 << 20
"""Bytes of a file of certificates; one has about a thousand."""
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")


class StackFileError(SpecError, pulumi.RunError):
    """A stack file that cannot be used; as a RunError it ends the program with its message alone."""


@dataclass(frozen=True, kw_only=True)
class ClusterAccess:
    """How to reach the cluster of the stack."""

    kubeconfig: str = field(repr=False)
    """A kubeconfig of one context, as text."""
    identifier: str
    """Name of the cluster in the state (the Kubernetes provider's clusterIdentifier)."""
    public_address: str
    """Where clients outside reach the nodes; empty = nowhere."""


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """All that the program is told."""

    instance: Instance
    cluster: ClusterAccess


def load() -> StackSettings:
    """Read and check the stack's configuration. Raises StackFileError with every problem."""
    config = pulumi.Config(PROJECT)
    return read(
        stack=pulumi.get_stack(),
        data=_instance_data(config),
        kube_context=config.get("kubeContext") or "",
    )


def read_values(stack: str, values: Mapping[str, str]) -> StackSettings:
    """Read and check a stack's configuration values by their namespaced keys, as Pulumi keeps them."""
    return read(
        stack=stack,
        data=json.loads(values.get(f"{PROJECT}:instance", "null")),
        kube_context=values.get(f"{PROJECT}:kubeContext", ""),
    )


def read(*, stack: str, data: object, kube_context: str) -> StackSettings:
    """As `load`, from plain values.

    Args:
        stack: name of the stack; without a `cluster` section, also of the local cluster.
        data: value of `fabric:instance`, None if there is none.
        kube_context: value of `fabric:kubeContext`, empty if there is none.
    """
    if data is None:
        step = "Give the stack a file like stacks/Pulumi.dev.yaml."
        raise _refused(stack, [Problem(path="fabric:instance", allowed="it is required", step=step)])
    instance, problems = check_instance(with_certificates(data))
    access: ClusterAccess | None = None
    if _says_where(data) or kube_context:
        try:
            access = _cluster_access(stack, data, kube_context)
        except _ClusterError as found:
            problems = in_order_of(data, [*problems, found.problem])
    if instance is None or access is None:
        raise _refused(stack, problems)
    return StackSettings(instance=instance, cluster=access)


def _says_where(data: object) -> bool:
    """False for a file whose cluster cannot be read: it does not mean the local one."""
    return isinstance(data, dict) and isinstance(data.get("cluster"), dict | None)


def with_certificates(data: object) -> object:
    """The instance with the certificates that it names as files read in; relative paths start at the project.

    What cannot be read stays as it is, for the check to report beside all else.
    """
    if not isinstance(data, dict) or not isinstance(data.get("organizations"), list):
        return data
    return {**data, "organizations": [_with_certificates(each) for each in data["organizations"]]}


def _with_certificates(organization: object) -> object:
    if not isinstance(organization, dict) or not isinstance(organization.get("external"), dict):
        return organization
    definition = {
        key: [_certificate(each) for each in value]
        if str(key).endswith("Certificates") and isinstance(value, list)
        else value
        for key, value in organization["external"].items()
    }
    return {**organization, "external": definition}


def _certificate(value: object) -> object:
    if not isinstance(value, str) or "\n" in value or len(value) > _LONGEST_PATH:
        return value
    try:
        text = _text_of(Path(value).expanduser())
    except (OSError, ValueError, RuntimeError):
        return value
    # Certificates alone: a file may hold a key beside them, which must reach no message.
    return "\n".join(_PEM.findall(text)) or value


def _text_of(path: Path) -> str:
    """A file's text. Raises OSError or ValueError for what is no file (a device never ends), or too large."""
    if not path.is_file():
        raise ValueError(f"{path}: not a regular file")
    with path.open("rb") as stream:
        content = stream.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"{path}: more than {_LARGEST_FILE} bytes")
    return content.decode()


def _instance_data(config: pulumi.Config) -> object:
    try:
        return config.get_object("instance")
    except pulumi.ConfigTypeError:
        return config.get("instance")


def _refused(stack: str, problems: list[Problem]) -> StackFileError:
    return StackFileError(report(f"stacks/Pulumi.{stack}.yaml", problems))


class _ClusterError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.path)
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Which kubeconfig file and context, and where the user said so."""

    path: Path
    context: str
    said_at: str
    local: bool
    identifier: str = ""


def _cluster_access(stack: str, data: object, kube_context: str) -> ClusterAccess:
    """Resolve the cluster from plain data, so that its problems show beside those of the instance."""
    values = data if isinstance(data, dict) else {}
    source = _source(stack, values.get("cluster"), kube_context)
    try:
        text = source.path.read_text()
        cut, context = kubeconfig.one_context(text, source.context, folder=source.path.parent)
    except OSError:
        raise _ClusterError(_no_kubeconfig(stack, source)) from None
    except (kubeconfig.KubeconfigError, UnicodeDecodeError) as error:
        why = "a file of text" if isinstance(error, UnicodeDecodeError) else error
        problem = Problem(path=source.said_at, found=str(source.path), allowed=f"a usable kubeconfig; {why}")
        raise _ClusterError(problem) from None
    address = values.get("publicAddress", "none")
    if address == "auto":
        # Elsewhere nodes have no address that everybody reaches, and the program asks no cluster.
        address = _host(kubeconfig.server(cut)) if source.local else "none"
    return ClusterAccess(
        kubeconfig=cut,
        identifier=source.identifier or context,
        public_address="" if address in {None, "none"} else str(address),
    )


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # a bracket without its other half
        return None


def _source(stack: str, cluster: object, kube_context: str) -> _Source:
    if kube_context:
        return _Source(
            path=_default_kubeconfig(), context=kube_context, said_at="fabric:kubeContext", local=False
        )
    if not isinstance(cluster, dict):
        path = cluster_kubeconfig(stack)
        return _Source(
            path=path, context="", said_at="instance.cluster", local=True, identifier=f"local-{stack}"
        )
    named = cluster.get("kubeconfig")
    return _Source(
        path=Path(str(named)).expanduser() if named else _default_kubeconfig(),
        context=str(cluster.get("context") or ""),
        said_at="instance.cluster.kubeconfig",
        local=False,
        identifier=str(cluster.get("identifier") or ""),
    )


def _default_kubeconfig() -> Path:
    """The first file of $KUBECONFIG, else ~/.kube/config."""
    first = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(first or "~/.kube/config").expanduser()


def _no_kubeconfig(stack: str, source: _Source) -> Problem:
    if source.local:
        return Problem(
            path=source.said_at,
            found=MISSING,
            allowed=f"the local cluster {stack}, which is not there (no {source.path})",
            step=f"Start it: heddle cluster up --name {stack}. Or name a cluster of your own here.",
        )
    return Problem(
        path=source.said_at,
        found=str(source.path),
        allowed="a kubeconfig file that can be read",
        step="Set it to the path of one, or set KUBECONFIG.",
    )
