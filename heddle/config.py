"""Read a stack's configuration: the instance that it wants, validated, and the cluster to deploy it to.

No other file reads pulumi.Config. This one also reads the kubeconfig, but asks no cluster anything. A stack
file that cannot be used is one StackFileError with every problem in it, which Pulumi prints without a
traceback.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pulumi
from pulumi.runtime.config import is_config_secret

from heddle.errors import SpecError
from heddle.kube import kubeconfig
from heddle.paths import cluster_kubeconfig, expanded
from heddle.spec import Instance, Problem, report
from heddle.spec.load import check_instance
from heddle.spec.problems import MISSING, in_order_of
from heddle.stackfiles import with_files

__all__ = [
    "ClusterAccess",
    "StackFileError",
    "StackSettings",
    "load",
    "read",
    "read_instance",
    "read_values",
]

PROJECT = "fabric"
"""The namespace of the configuration keys: the project's name in Pulumi.yaml."""
_KEYS = (f"{PROJECT}:instance", f"{PROJECT}:kubeContext")


class StackFileError(SpecError, pulumi.RunError):
    """A stack file that cannot be used; as a RunError it ends the program with its message alone."""


@dataclass(frozen=True, kw_only=True)
class ClusterAccess:
    """The cluster of the stack, and how to reach it."""

    kubeconfig: str = field(repr=False)
    """A kubeconfig of one context, as text."""
    identifier: str
    """Name of the cluster in the state (the Kubernetes provider's clusterIdentifier)."""
    public_address: str
    """The nodes' address for clients outside; empty = none."""


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """The settings of a stack: the instance, and the cluster to deploy it to."""

    instance: Instance
    cluster: ClusterAccess


def load() -> StackSettings:
    """Return the settings of the stack that Pulumi runs. Raises StackFileError with every problem."""
    config = pulumi.Config(PROJECT)
    _refuse_secrets(pulumi.get_stack(), [key for key in _KEYS if is_config_secret(key)])
    return read(
        stack=pulumi.get_stack(),
        data=_instance_data(config),
        kube_context=config.get("kubeContext") or "",
    )


def read_values(stack: str, values: Mapping[str, str], secret_keys: Collection[str]) -> StackSettings:
    """Return a stack's settings from its configuration values by namespaced key. Raises StackFileError.

    `secret_keys` are those in whose value something is encrypted.
    """
    _refuse_secrets(stack, [key for key in _KEYS if key in secret_keys])
    return read(
        stack=stack,
        data=json.loads(values.get(f"{PROJECT}:instance", "null")),
        kube_context=values.get(f"{PROJECT}:kubeContext", ""),
    )


def read_instance(stack: str, values: Mapping[str, str], secret_keys: Collection[str]) -> Instance:
    """Return a stack's instance alone, from its values as `read_values` has them; its cluster need not exist.

    Raises StackFileError.
    """
    _refuse_secrets(stack, [key for key in _KEYS if key in secret_keys])
    instance, problems = check_instance(with_files(json.loads(values.get(f"{PROJECT}:instance", "null"))))
    if instance is None:
        raise _refused(stack, problems)
    return instance


def read(*, stack: str, data: object, kube_context: str) -> StackSettings:
    """Return a stack's settings from plain values. Raises StackFileError with every problem.

    `data` is the value of `fabric:instance`, None if there is none, `kube_context` that of
    `fabric:kubeContext`. Without a section `cluster` the local cluster with the stack's name is used.
    """
    if data is None:
        step = "Name a stack that has a file, or give this one a file like stacks/Pulumi.dev.yaml."
        raise _refused(stack, [Problem(path="fabric:instance", allowed="it is required", step=step)])
    instance, problems = check_instance(with_files(data))
    cluster: ClusterAccess | Problem | None = None
    if _cluster_is_readable(data) or kube_context:
        cluster = _find_cluster(stack, data, kube_context)
    if isinstance(cluster, Problem):
        problems = in_order_of(data, [*problems, cluster])
    if instance is None or not isinstance(cluster, ClusterAccess):
        raise _refused(stack, problems)
    if instance.public_address != "auto":
        address = "" if instance.public_address == "none" else instance.public_address
        cluster = replace(cluster, public_address=address)
    return StackSettings(instance=instance, cluster=cluster)


def _cluster_is_readable(data: object) -> bool:
    """Say whether the section `cluster` can be read; one of another shape does not mean the default."""
    return isinstance(data, dict) and isinstance(data.get("cluster"), dict | None)


def _refuse_secrets(stack: str, keys: Collection[str]) -> None:
    """Raise StackFileError for encrypted values: what a stack file says is in the clear further on.

    Names and settings go into pods, onto the ledger and into the public output, so a secret would leak
    without a word. Which value it is, Pulumi's CLI does not tell the program.
    """
    allowed = "plain values: what stands here goes into pods, outputs and the state in the clear"
    step = (
        "Take the value with `secure:` out. Keep it in a Secret of the namespace; a chaincode reads it by "
        "`secretEnvironment`."
    )
    if keys:
        problems = [
            Problem(path=key, found="a value with `secure:`", allowed=allowed, step=step) for key in keys
        ]
        raise _refused(stack, problems)


def _instance_data(config: pulumi.Config) -> object:
    try:
        return config.get_object("instance")
    except pulumi.ConfigTypeError:
        return config.get("instance")


def _refused(stack: str, problems: list[Problem]) -> StackFileError:
    return StackFileError(report(f"stacks/Pulumi.{stack}.yaml", problems))


@dataclass(frozen=True, kw_only=True)
class _Source:
    """The kubeconfig files and the context to use, and the key of the stack file that names them."""

    files: tuple[Path, ...]
    """Several are merged as kubectl merges them."""
    named_at: str
    context: str = ""
    local: bool = False
    identifier: str = ""

    @property
    def found(self) -> str:
        """Return the names of the files, for messages."""
        return ", ".join(str(path) for path in self.files)


def _find_cluster(stack: str, data: object, kube_context: str) -> ClusterAccess | Problem:
    """Read the kubeconfig that plain data names, valid or not: its problem then shows beside all others.

    The public address is the host of a local cluster's API server. The nodes of other clusters have no
    address that everybody reaches, and this program asks no cluster.
    """
    source = _source(stack, data.get("cluster") if isinstance(data, dict) else None, kube_context)
    try:
        cut, context = kubeconfig.one_context(kubeconfig.merged(source.files), source.context)
        host = _host(kubeconfig.server(cut)) if source.local else ""
    except OSError:
        return _no_kubeconfig(stack, source)
    except kubeconfig.KubeconfigError as error:
        return Problem(path=source.named_at, found=source.found, allowed=f"a usable kubeconfig; {error}")
    return ClusterAccess(kubeconfig=cut, identifier=source.identifier or context, public_address=host)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a bracket without its other half
        return ""


def _source(stack: str, cluster: object, kube_context: str) -> _Source:
    if kube_context:
        return _Source(files=kubeconfig.default_files(), context=kube_context, named_at="fabric:kubeContext")
    if not isinstance(cluster, dict):
        path, identifier = cluster_kubeconfig(stack), f"local-{stack}"
        return _Source(files=(path,), named_at="instance.cluster", local=True, identifier=identifier)
    named = cluster.get("kubeconfig")
    return _Source(
        files=(expanded(Path(str(named))),) if named else kubeconfig.default_files(),
        context=str(cluster.get("context") or ""),
        named_at="instance.cluster.kubeconfig",
        identifier=str(cluster.get("identifier") or ""),
    )


def _no_kubeconfig(stack: str, source: _Source) -> Problem:
    if source.local:
        return Problem(
            path=source.named_at,
            found=MISSING,
            allowed=f"the local cluster {stack}, which is not there (no {source.found})",
            step=f"Start it: heddle cluster up --name {stack}. Or name a cluster of your own here.",
        )
    return Problem(
        path=source.named_at,
        found=source.found,
        allowed="a kubeconfig file that can be read",
        step="Set it to the path of one, or set KUBECONFIG.",
    )
