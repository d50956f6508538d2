"""Deployments of Prometheus and Alertmanager: what runs, with which files and probes."""

from collections.abc import Sequence

import pulumi

from components import labels, pods
from components.manifests import Manifest
from components.site import Site
from heddle.monitoring.targets import CONFIG
from heddle.topology import OwnWatchers, WatcherPlan

DATA, FOLDER = "/data", "/etc/heddle"
"""Where the claim is mounted, and the folder with the configuration and what it names."""
ALERTMANAGER_FILE = "alertmanager.yaml"


def prometheus_command(plan: OwnWatchers) -> list[str]:
    """Return the command of a Prometheus, at the path that upstream's image has."""
    return [
        "/bin/prometheus",
        f"--config.file={FOLDER}/{CONFIG}",
        f"--storage.tsdb.path={DATA}",
        f"--storage.tsdb.retention.time={plan.retention}",
        f"--storage.tsdb.retention.size={plan.retention_bytes}B",
        f"--web.listen-address=:{plan.prometheus.port}",
    ]


def alertmanager_command(plan: OwnWatchers) -> list[str]:
    """Return the command of an Alertmanager, at the path that upstream's image has."""
    return [
        "/bin/alertmanager",
        f"--config.file={FOLDER}/{ALERTMANAGER_FILE}",
        f"--storage.path={DATA}",
        f"--web.listen-address=:{plan.alertmanager.port}",
        # It is alone: without an address it looks for no others.
        "--cluster.listen-address=",
    ]


def watcher_deployment(
    watcher: WatcherPlan,
    *,
    site: Site,
    command: Sequence[str],
    files: Sequence[Manifest],
    checksum: pulumi.Input[str],
) -> Manifest:
    """Return the spec of a Deployment.

    Args:
        watcher: what runs.
        site: where it runs.
        command: its command.
        files: the sources of what is mounted at FOLDER: ConfigMaps and Secrets.
        checksum: of these files; another one makes another template.
    """
    own = labels.of_watcher(site.instance, watcher)
    return {
        "replicas": 0 if site.spec.asleep else 1,
        "selector": {"matchLabels": labels.select_watcher(site.instance, watcher)},
        # Two at a time would not share the claim.
        "strategy": {"type": "Recreate"},
        "template": {
            "metadata": {
                "labels": {**watcher.labels, **own},
                "annotations": {**watcher.annotations, pods.CHECKSUM: checksum},
            },
            "spec": {
                **pods.pod_basics(watcher, site=site),
                "containers": [_container(watcher, command)],
                "volumes": [
                    {"name": "config", "projected": {"defaultMode": 0o440, "sources": list(files)}},
                    {"name": "data", "persistentVolumeClaim": {"claimName": watcher.name}},
                ],
            },
        },
    }


def _container(watcher: WatcherPlan, command: Sequence[str]) -> Manifest:
    ready = {"httpGet": {"path": "/-/ready", "port": "http"}}
    healthy = {"httpGet": {"path": "/-/healthy", "port": "http"}}
    return {
        "name": watcher.name,
        "image": watcher.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "workingDir": DATA,
        "ports": [{"name": "http", "containerPort": watcher.port, "protocol": "TCP"}],
        # Prometheus reads what it had not yet written whole first: minutes after a kill.
        "startupProbe": {**ready, "periodSeconds": 1, "failureThreshold": 900},
        "readinessProbe": {**ready, "periodSeconds": 10},
        "livenessProbe": {**healthy, "periodSeconds": 15, "failureThreshold": 4},
        "resources": watcher.resources,
        "securityContext": pods.container_security(),
        "volumeMounts": [
            {"name": "config", "mountPath": FOLDER, "readOnly": True},
            {"name": "data", "mountPath": DATA},
        ],
    }
