"""Describe how an instance is watched: by a Prometheus of its own."""

import re
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core.core_schema import CoreSchema

from heddle.spec.kinds import Period
from heddle.spec.model import Section, refused
from heddle.spec.names import ReceiverName
from heddle.spec.nodes import SecretKey

__all__ = [
    "Mail",
    "Monitoring",
    "MonitoringWanted",
    "Receiver",
    "Severity",
    "TrueOrMapping",
    "Webhook",
    "check_host_port",
    "check_mail",
    "check_url",
]

_HOST_PORT = r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):[0-9]{1,5}"
_MAIL = r"[^@\s,<>]+@[^@\s,<>]+"

Severity = Literal["critical", "error", "warning", "note"]
"""How serious an alarm is, as heddle.planner.incidents has it."""


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
    if not fits or "@" in value.partition("//")[2].partition("/")[0] or not value.isprintable():
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


class Monitoring(Section):
    """What watches the instance: `true` for a Prometheus and an Alertmanager in its namespace.

    Their processors, memory, machines and claims are under `nodes`, as `prometheus` and `alertmanager`.
    """

    retention: Period = "15d"
    """How long samples are kept, if four fifths of the claim do not run full before."""
    exporter: HostPort | None = None
    """Where `heddle monitoring serve` listens, as pods reach it. Default: there is none, and its alarms are
    silent."""
    receivers: tuple[Receiver, ...] = ()
    """Who is told of alarms. Default: nobody; they are seen in Alertmanager alone."""


class TrueOrMapping:
    """Reads `true` as the section with all its defaults, and `false` as none."""

    def read(self, value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 — pydantic's
        """Return the section or None. Raises PydanticCustomError for what is neither."""
        if value is True:
            return Monitoring()
        if value is False or value is None:
            return None
        if not isinstance(value, dict | Monitoring):
            raise refused("true, false or a mapping, as {retention: 30d}")
        return handler(value)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say the same in JSON Schema."""
        return {"anyOf": [{"type": "boolean"}, handler(schema)]}


_ENTRY = TrueOrMapping()
MonitoringWanted = Annotated[Monitoring | None, WrapValidator(_ENTRY.read), _ENTRY]
"""What watches an instance; None = nothing."""
