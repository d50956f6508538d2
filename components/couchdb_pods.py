"""Pod template of a state database, as its image wants it (apache/couchdb-docker, docker-entrypoint.sh)."""

import pulumi

from components import labels, pods
from components.manifests import Manifest
from components.site import Site
from heddle import couchdb
from heddle.topology import CouchdbPlan

USER_ID = 5984
"""The image's own user."""

_SETTINGS = "/opt/couchdb/etc/local.d"
"""The folder to which the entry point writes the administrator at each start: a new password counts."""


def couchdb_pod(database: CouchdbPlan, *, site: Site, image: str, checksum: pulumi.Input[str]) -> Manifest:
    """Return the pod template of a peer's CouchDB, rather on the peer's own machine (upstream's core.yaml).

    Args:
        database: the database.
        site: where it runs.
        image: its image.
        checksum: of its Secret.
    """
    own = labels.of_node(site.instance, database)
    return {
        "metadata": {
            "labels": {**database.labels, **own},
            "annotations": {**database.annotations, pods.CHECKSUM: checksum},
        },
        "spec": {
            **pods.pod_basics(database, site=site, user=USER_ID),
            "affinity": pods.beside(labels.select_node(site.instance, database.peer)),
            "containers": [_container(database, image)],
            "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": database.name}},
                {"name": "settings", "emptyDir": {}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }


def _container(database: CouchdbPlan, image: str) -> Manifest:
    up, port = {"httpGet": {"path": "/_up", "port": "http"}}, {"tcpSocket": {"port": "http"}}
    return {
        "name": database.kind,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            pods.from_secret("COUCHDB_USER", database.name, couchdb.USERNAME_KEY),
            pods.from_secret("COUCHDB_PASSWORD", database.name, couchdb.PASSWORD_KEY),
            # Erlang writes a cookie to its user's home.
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 — an emptyDir of the pod
        ],
        "ports": [{"name": "http", "containerPort": database.port, "protocol": "TCP"}],
        "startupProbe": {**up, "periodSeconds": 1, "failureThreshold": 600},
        "readinessProbe": {**up, "periodSeconds": 10},
        # By TCP: a database that compacts answers late, and is not dead.
        "livenessProbe": {**port, "periodSeconds": 15, "failureThreshold": 4},
        "resources": database.resources,
        "securityContext": pods.container_security(),
        "volumeMounts": [
            {"name": "data", "mountPath": couchdb.DATA_PATH},
            {"name": "settings", "mountPath": _SETTINGS},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 — an emptyDir of the pod
        ],
    }
