"""Render files of nodes and clients from the templates in templates/; an undefined variable is an error.

Pure but for reading the templates, which ship with the project.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import jinja2
import yaml

from heddle import couchdb
from heddle.releases import Release, image_release
from heddle.topology import NodePlan

CONFIG_PATH = "/etc/hyperledger/fabric"
"""FABRIC_CFG_PATH: core.yaml or orderer.yaml, msp/ and tls/ are in it."""
LEDGER_PATH = "/var/hyperledger/production"
"""The folder in which the node's claim is mounted."""
ORDERER_LEDGER = "orderer"
"""The folder in an orderer's claim that has `chains`, the blocks by channel."""
RAFT_LOGS, RAFT_SNAPSHOTS = f"{ORDERER_LEDGER}/etcdraft/wal", f"{ORDERER_LEDGER}/etcdraft/snapshot"
"""The folders in an orderer's claim with what Raft writes, by channel."""
CCAAS_BUILDER = "/opt/hyperledger/ccaas_builder"
"""The external builder that upstream's peer image brings."""

_FABRIC_3 = Release(3, 0, 0)
_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def core_yaml(peer: NodePlan, *, bootstrap: tuple[str, ...]) -> str:
    """Return a peer's core.yaml; it asks the `host:port` in `bootstrap` for its organization's peers.

    A peer does not start with handlers that it does not have: that of Fabric 3 is left out for an image that
    claims an earlier release.
    """
    return _render(
        "core.yaml",
        node=peer,
        before_3=_claims_before_3("peer", peer.image),
        bootstrap=" ".join(bootstrap),
        couchdb_user=couchdb.USER,
        **_PATHS,
    )


def orderer_yaml(orderer: NodePlan) -> str:
    """Return an orderer's orderer.yaml.

    An orderer does not start with keys that it does not know: those of Fabric 3 are left out for an image
    that claims an earlier release.
    """
    before_3 = _claims_before_3("orderer", orderer.image)
    return _render("orderer.yaml", node=orderer, before_3=before_3, **_PATHS)


def msp_config_yaml() -> str:
    """Return the config.yaml of every MSP folder: roles are told by the certificate's organizational unit."""
    return _render("msp-config.yaml")


def client_env(**variables: object) -> str:
    """Return shell variables with which the official tools act as a user; see templates/client-env.sh.j2."""
    return _render("client-env.sh", **variables)


def access_yaml(**variables: object) -> str:
    """Return the Role and RoleBinding of a person in a role; see templates/access/role.yaml.j2."""
    return _render("access/role.yaml", **variables)


def backup_units(
    *, stack: str, folder: str, program: str, variables: Mapping[str, str], calendar: Sequence[str]
) -> dict[str, str]:
    """Return the systemd units that make backups of a stack, by their file names."""
    values = {
        "stack": stack,
        "folder": folder,
        "program": program,
        "variables": variables,
        "calendar": calendar,
        "secrets": f"/etc/heddle/backup-{stack}.env",
    }
    return {
        f"heddle-backup-{stack}.{kind}": _render(f"backup/heddle-backup.{kind}", **values)
        for kind in ("service", "timer")
    }


def alert_rules(**variables: object) -> str:
    """Return rules of Prometheus; see templates/monitoring/alert-rules.yaml.j2."""
    return _render("monitoring/alert-rules.yaml", **variables)


def prometheus_yaml(**variables: object) -> str:
    """Return a configuration of Prometheus; see templates/monitoring/prometheus.yaml.j2."""
    return _render("monitoring/prometheus.yaml", **variables)


def alertmanager_yaml(**variables: object) -> str:
    """Return a configuration of Alertmanager; see templates/monitoring/alertmanager.yaml.j2."""
    return _render("monitoring/alertmanager.yaml", **variables)


def operator_yaml(**variables: object) -> str:
    """Return objects for prometheus-operator; see templates/monitoring/operator.yaml.j2."""
    return _render("monitoring/operator.yaml", **variables)


def operations_services_yaml(**variables: object) -> str:
    """Return Services of the nodes' operations ports; see templates/monitoring/services.yaml.j2."""
    return _render("monitoring/services.yaml", **variables)


def proof_html(**variables: object) -> str:
    """Return the page on what a runbook has proved; see templates/runbooks/proof.html.j2."""
    return _render("runbooks/proof.html", **variables)


def connection_profile(**variables: object) -> dict[str, object]:
    """Return a connection profile for the official SDKs, from templates/connection-profile.yaml.j2."""
    profile = yaml.safe_load(_render("connection-profile.yaml", **variables))
    if not isinstance(profile, dict):
        raise TypeError("templates/connection-profile.yaml does not render to a mapping")
    return profile


_PATHS = {
    "config_path": CONFIG_PATH,
    "ledger_path": LEDGER_PATH,
    "orderer_ledger": ORDERER_LEDGER,
    "raft_logs": RAFT_LOGS,
    "raft_snapshots": RAFT_SNAPSHOTS,
    "ccaas_builder": CCAAS_BUILDER,
}


def _claims_before_3(kind: str, image: str) -> bool:
    release = image_release(kind, image)
    return release is not None and release.is_below(_FABRIC_3)


def _quoted(value: object) -> str:
    """Return the value as a YAML scalar or flow value that reads back as itself: JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def _unit_word(value: object) -> str:
    """Return one word of a systemd unit (systemd.syntax, systemd.unit): specifiers and quotes escaped."""
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        # In YAML `quoted` escapes.
        autoescape=jinja2.select_autoescape(("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quoted"] = _quoted
    environment.filters["shell"] = shlex.quote
    environment.filters["systemd"] = _unit_word
    return environment


def _render(template: str, **variables: object) -> str:
    return _environment().get_template(f"{template}.j2").render(**variables)
