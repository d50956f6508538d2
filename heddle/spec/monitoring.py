"""Describe how an instance is watched: by a Prometheus of its own, or by that of the cluster's operator."""

import re
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema

from heddle.spec.entries import true_or_mapping
from heddle.spec.kinds import Period
from heddle.spec.model import Section, refused
from heddle.spec.names import Label, LabelValue, ReceiverName
from heddle.spec.nodes import SecretKey

__all__ = [
    "ActingRunbook",
    "Mail",
    "Monitoring",
    "MonitoringWanted",
    "Operator",
    "Receiver",
    "Severity",
    "Webhook",
    "check_host_port",
    "check_mail",
    "check_url",
]

_HOST_PORT = r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):[0-9]{1,5}"
_NO_URL = re.compile(r"""[\s"<>\\^`{|}]""")
"""What an address never has as it is (RFC 3986): it is written with %."""
_MAIL = r"[^@\s,<>]+@[^@\s,<>]+"

Severity = Literal["critical", "error", "warning", "note"]
"""How serious an alarm is, as heddle.planner.incidents has it."""

ActingRunbook = Literal[
    "certificates-expired",
    "chaincode-not-starting",
    "clean-residue",
    "couchdb-rebuild",
    "disk-full",
    "height-gap",
    "image-pull",
    "node-logs",
    "quorum-lost",
    "rejoin-orderer",
    "rejoin-peer",
]
"""A runbook that may act without a person: one of the catalog that changes anything, as a test holds it."""


def check_host_port(value: str) -> str:
    """Return a host and a port. Raises PydanticCustomError for anything else."""
    port = int(value.rpartition(":")[2]) if re.fullmatch(_HOST_PORT, value, re.ASCII) else 0
    if not 0 < port < 65536:
        raise refused("a host and a port, as 192.0.2.10:9745 or smtp.example.com:587")
    return value


def check_url(value: str) -> str:
    """Return an address for HTTP. Raises PydanticCustomError for anything else."""
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        fits = False
    if not value.isprintable() or _NO_URL.search(value):
        fits = False
    if not fits or "@" in value.partition("//")[2].partition("/")[0]:
        raise refused("an address as https://alerts.example.com/heddle", "A password belongs into `token`.")
    return value


def check_mail(value: str) -> str:
    """Return an address for mail. Raises PydanticCustomError for anything else."""
    if re.fullmatch(_MAIL, value) is None:
        raise refused("one address of mail, as ops@example.com")
    return value


HostPort = Annotated[
    str, AfterValidator(check_host_port), WithJsonSchema({"type": "string", "pattern": f"^{_HOST_PORT}$"})
]
MailAddress = Annotated[str, AfterValidator(check_mail)]


class Webhook(Section):
    """An address that alarms are posted to, in Alertmanager's JSON."""

    url: Annotated[str, AfterValidator(check_url)]
    """The address, as the pods reach it."""
    token: SecretKey | None = None
    """What is sent as the bearer's token."""


class Mail(Section):
    """A mailbox that alarms are sent to."""

    to: MailAddress
    """Who gets the mail."""
    sender: Annotated[MailAddress, Field(alias="from")]
    """Who it says that it is from."""
    smarthost: HostPort
    """The server that takes the mail, over TLS (STARTTLS; on port 465 from the beginning)."""
    username: str | None = None
    """Name at the server; with `password`."""
    password: SecretKey | None = None
    """Password at the server."""


class Receiver(Section):
    """Somebody who is told of alarms that fire and of their end: by a webhook, by mail, or both."""

    name: ReceiverName
    """Its name."""
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)] = get_args(Severity)
    """The alarms it is told of: critical wakes somebody, error and warning wait for the day, note for the
    week. Default: all."""
    webhook: Webhook | None = None
    """An address that alarms are posted to."""
    mail: Mail | None = None
    """A mailbox that mail about alarms goes to."""


class Operator(Section):
    """The cluster's prometheus-operator, which finds what it has to watch by objects of its own kinds."""

    labels: dict[Label, LabelValue] = Field(default_factory=dict)
    """Labels of these objects, by which its Prometheus and Alertmanager select theirs, as
    `release: kube-prometheus-stack`."""


OperatorWanted = Annotated[
    Operator | None, *true_or_mapping(Operator, "{labels: {release: kube-prometheus-stack}}")
]
"""The operator that watches an instance; None = a Prometheus of its own does."""


class Monitoring(Section):
    """What watches the instance: `true` for a Prometheus and an Alertmanager in its namespace.

    Their processors, memory, machines and claims are under `nodes`, as `prometheus` and `alertmanager`.
    """

    operator: OperatorWanted = None
    """Have the Prometheus and the Alertmanager of the cluster's prometheus-operator watch the instance,
    instead of a Prometheus and an Alertmanager of its own. Default: false."""
    retention: Period = "15d"
    """How long samples are kept, if four fifths of the claim do not run full before. Without `operator`."""
    exporter: HostPort | None = None
    """Where `heddle monitoring serve` listens, as pods reach it. Default: there is none, and its alarms are
    silent."""
    receivers: tuple[Receiver, ...] = ()
    """Who is told of alarms. Default: nobody; they are seen in Alertmanager alone."""
    acts: tuple[ActingRunbook, ...] = ()
    """Runbooks that `heddle monitoring react` lets act by themselves, beside those of its `--act`.
    Default: none."""


MonitoringWanted = Annotated[Monitoring | None, *true_or_mapping(Monitoring, "{retention: 30d}")]
"""What watches an instance; None = nothing."""
