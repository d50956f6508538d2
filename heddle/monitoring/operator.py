"""Write what prometheus-operator needs to have its Prometheus and Alertmanager watch an instance. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from heddle import couchdb
from heddle.monitoring.alarms import rules_yaml
from heddle.monitoring.targets import (
    CERTIFICATE,
    DATABASE_PORT_NAME,
    EXPORTER_JOB,
    INTERVAL,
    KEY,
    PORT_NAME,
    ROOTS,
    TIMEOUT,
    Database,
    Target,
)
from heddle.render import operator_yaml
from heddle.spec.monitoring import Receiver

__all__ = ["CLIENT", "Watched", "operator_objects"]

CLIENT = "monitoring-client"
"""The Secret with the roots of the nodes' certificates, the client's certificate and key."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Say what is watched, and who is told of alarms.

    exporter: where `heddle monitoring serve` listens, as pods reach it; empty: nowhere. asleep: no node runs,
    so that none is missed.
    """

    stack: str
    instance: str
    namespace: str
    targets: Sequence[Target]
    databases: Sequence[Database]
    exporter: str = ""
    receivers: Sequence[Receiver] = ()
    asleep: bool = False


def operator_objects(watched: Watched) -> list[dict[str, Any]]:
    """Return the objects, as manifests without labels.

    A Prometheus of the operator finds nodes by their pods: of one that is gone it has no series that could be
    0. So the rules record what it should find.
    """
    expected = [each.labels for each in watched.targets] + [each.labels for each in watched.databases]
    rules = rules_yaml(
        watched.stack,
        watched.namespace,
        exporter=bool(watched.exporter),
        expected=() if watched.asleep else expected,
    )
    text = operator_yaml(
        stack=watched.stack,
        instance=watched.instance,
        namespace=watched.namespace,
        nodes=watched.targets,
        databases=watched.databases,
        exporter=watched.exporter,
        receivers=watched.receivers,
        rules=rules,
        client={"secret": CLIENT, "roots": ROOTS, "certificate": CERTIFICATE, "key": KEY},
        port_name=PORT_NAME,
        database_port_name=DATABASE_PORT_NAME,
        metrics_path=couchdb.METRICS_PATH,
        username_key=couchdb.USERNAME_KEY,
        password_key=couchdb.PASSWORD_KEY,
        exporter_job=EXPORTER_JOB,
        interval=INTERVAL,
        timeout=TIMEOUT,
    )
    return [each for each in yaml.safe_load_all(text) if each]
