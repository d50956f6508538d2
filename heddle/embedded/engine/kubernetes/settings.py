"""Read the provider's own configuration: flags, kubeconfig, and which changes mean another cluster.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go CheckConfig, DiffConfig, Configure; util.go.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from heddle.embedded.engine.kubernetes.objects import at
from heddle.errors import NeedsCli, ProviderError
from heddle.kube.kubeconfig import read_yaml
from heddle.paths import expanded
from heddle.plugin.interface import DiffResult
from heddle.plugin.values import Properties, Unknown, Value, has_unknown, reveal, same, strip_secrets

__all__ = ["Settings", "active_user", "config_changes", "kubeconfig_of", "settings_of"]

# The properties that choose the cluster.
_WHERE = ("kubeconfig", "context", "cluster")
_IDENTIFIER = "clusterIdentifier"
_NEEDS_CLI = ("renderYamlToDirectory",)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The provider's settings, from its inputs and the environment."""

    kubeconfig: dict[str, Any] | None = None
    """Parsed; None means the user's own ($KUBECONFIG, ~/.kube/config, or a pod's service account)."""
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    server_side_apply: bool = True
    mutable_config_maps: bool = False
    mutable_secrets: bool = False
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False


def settings_of(inputs: Properties, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings; a flag that is not in the inputs is taken from PULUMI_K8S_* variables.

    Raises NeedsCli for ways of working that only pulumi-kubernetes has, ProviderError for a bad kubeconfig.
    """
    values = reveal(inputs)
    for name in _NEEDS_CLI:
        if values.get(name):
            raise NeedsCli(
                f"kubernetes provider: {name} is not done by the embedded engine", hint="Use pulumi up."
            )

    def flag(name: str, variable: str, *, default: bool = False) -> bool:
        value = values.get(name)
        if value is None:
            found = environment.get(f"PULUMI_K8S_{variable}")
            return default if found is None else found == "true"
        return value is True or value == "true"

    settings = Settings(
        kubeconfig=kubeconfig_of(values.get("kubeconfig")),
        context=_text(values.get("context")),
        cluster=_text(values.get("cluster")),
        namespace=_text(values.get("namespace")),
        server_side_apply=flag("enableServerSideApply", "ENABLE_SERVER_SIDE_APPLY", default=True),
        mutable_config_maps=flag("enableConfigMapMutable", "ENABLE_CONFIGMAP_MUTABLE"),
        mutable_secrets=flag("enableSecretMutable", "ENABLE_SECRET_MUTABLE"),
        delete_unreachable=flag("deleteUnreachable", "DELETE_UNREACHABLE"),
        skip_update_unreachable=flag("skipUpdateUnreachable", "SKIP_UPDATE_UNREACHABLE"),
    )
    if not settings.server_side_apply:
        raise NeedsCli(
            "kubernetes provider: client-side apply is not done by the embedded engine", hint="Use pulumi up."
        )
    return settings


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def kubeconfig_of(value: Value) -> dict[str, Any] | None:
    """Parse a kubeconfig: its text, a path to it (`~` is the home folder), or the object itself.

    Returns None when there is none. Raises ProviderError when it cannot be read; never shows its content.
    """
    if isinstance(value, dict):
        return value
    if not isinstance(value, str) or not value.strip():
        return None
    text = value
    if "\n" not in value and len(value) < 4096:
        path = expanded(Path(value))
        if path.is_file():
            text = path.read_text()
    try:
        parsed = read_yaml(text)
    except yaml.YAMLError as error:
        raise ProviderError(
            "the kubeconfig is not valid YAML", hint="Give its text, or a path to it."
        ) from error
    if not isinstance(parsed, dict):
        raise ProviderError(
            "the kubeconfig holds no settings", hint="Give its text, or a path to an existing file."
        )
    return parsed


def active_cluster(config: dict[str, Any] | None, overrides: Mapping[str, Value]) -> dict[str, Any] | None:
    """Return the cluster entry that a kubeconfig and the overriding inputs choose, if there is one."""
    context = overrides.get("context") or at(config, "current-context")
    name = overrides.get("cluster") or at(_named(config, "contexts", context), "context", "cluster")
    found = at(_named(config, "clusters", name), "cluster")
    return found if isinstance(found, dict) else None


def active_user(config: dict[str, Any] | None, context: str) -> dict[str, Any]:
    """Return the user entry of a kubeconfig's context ("" = its current one), empty where there is none."""
    name = at(_named(config, "contexts", context or at(config, "current-context")), "context", "user")
    found = at(_named(config, "users", name), "user")
    return found if isinstance(found, dict) else {}


def _named(config: dict[str, Any] | None, section: str, name: Value) -> dict[str, Any]:
    entries = (config or {}).get(section) or []
    return next((entry for entry in entries if entry.get("name") == name), {})


def config_changes(olds: Properties, news: Properties) -> DiffResult:
    """Say whether changed configuration is another cluster, which replaces everything in it.

    With a `clusterIdentifier` before and after, that alone decides; adding or removing it replaces nothing.
    Without, another server or certificate of the active cluster does, as does one that is not known yet.
    """
    keys = sorted(olds.keys() | news.keys())
    changed = [key for key in keys if not same(olds.get(key), news.get(key))]
    if not changed:
        return DiffResult(changes=False)
    before, after = olds.get(_IDENTIFIER), news.get(_IDENTIFIER)
    identified = before is not None and after is not None
    replaces = [_IDENTIFIER] if identified and _IDENTIFIER in changed else []
    if not (identified and not replaces):
        replaces += _another_cluster(reveal(olds), reveal(news), changed)
    return DiffResult(changes=True, replaces=tuple(replaces))


def _another_cluster(olds: Properties, news: Properties, changed: list[str]) -> list[str]:
    unknown = [key for key in _WHERE if isinstance(strip_secrets(news.get(key)), Unknown)]
    if unknown:
        return unknown[:1]
    if has_unknown(olds.get("kubeconfig")):
        return []
    before = active_cluster(kubeconfig_of(olds.get("kubeconfig")), olds)
    after = active_cluster(kubeconfig_of(news.get("kubeconfig")), news)
    if before is None or after is None or before == after:
        return []
    return [key for key in _WHERE if key in changed]
