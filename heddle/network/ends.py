"""Ask a network for every certificate that it has, and say when each ends and what stops then."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.errors import FabricError, HeddleError, IdentityError
from heddle.fabric.connection import Connections
from heddle.fabric.tls import presented_certificate
from heddle.identity.describe import fingerprint
from heddle.identity.keys import load_certificate, public_key_of
from heddle.network.configuration import config_block_now
from heddle.network.instance import NodeOutput
from heddle.network.inventory import Registered, of_channel, of_instance, of_node
from heddle.network.network import Network, node_of
from heddle.network.purposes import PERSON, RESTART, TLS

__all__ = ["CertificateEnd", "InstanceCertificates", "Presented", "ask_certificates", "ends_of"]

_NOT_SHOWN = "issued, but not presented"


@dataclass(frozen=True, kw_only=True)
class Presented:
    """Hold what the nodes present and the channels trust: by node and port a certificate, PEM, or the reason.

    channels: the certificates of the members' authorities, by channel, each with its member's MSP id.
    """

    ports: Mapping[str, Mapping[str, str | HeddleError]] = field(default_factory=dict)
    channels: Mapping[str, Sequence[tuple[str, Registered]] | HeddleError] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CertificateEnd:
    """Describe a certificate: whose it is, what for, when it ends, and what stops then."""

    whose: str
    purpose: str
    subject: str
    serial: str
    """Serial number, hexadecimal."""
    fingerprint: str
    not_after: str
    """When it ends or has ended: ISO 8601 in UTC."""
    days: int
    """Whole days that are left; below 0: it has ended."""
    stops: str
    """What stops when it ends, in one sentence."""
    remedy: str
    """What keeps that from happening, in a clause."""
    soon: bool
    """Whether it has ended, or ends within thirty days; an authority, within a year."""
    presented_at: tuple[str, ...] = ()
    """A node's ports, as `gRPC 7051`, at which it was seen."""
    channels: tuple[str, ...] = ()
    """Channels whose configuration names it."""
    differs: str = ""
    """How what a node presents differs from what was issued to it last; empty if it does not."""


@dataclass(frozen=True, kw_only=True)
class InstanceCertificates:
    """Describe all certificates of an instance, the first to end first, and what could not be asked."""

    name: str
    certificates: tuple[CertificateEnd, ...]
    not_seen: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Return them as JSON has them."""
        return asdict(self)


async def ask_certificates(network: Network, *, deadline: float) -> InstanceCertificates:
    """Ask every node at each port at the same time, `deadline` seconds each, and read each channel."""
    nodes = (*network.instance.orderers, *network.instance.peers)
    names = list(network.instance.channels)
    async with network.connections(None) as connections:
        ports, channels = await asyncio.gather(
            asyncio.gather(*(_ports(network, connections, node, deadline) for node in nodes)),
            asyncio.gather(*(_authorities(network, connections, name, deadline) for name in names)),
        )
    found = Presented(
        ports={node.name: shown for node, shown in zip(nodes, ports, strict=True)},
        channels=dict(zip(names, channels, strict=True)),
    )
    return ends_of(network, found)


def ends_of(network: Network, found: Presented, now: datetime | None = None) -> InstanceCertificates:
    """Return when all certificates end: those of the output, those that nodes present, those of channels."""
    now = now or datetime.now(UTC)
    rows = [*_of_nodes(network, found, now), *_others(network, found, now)]
    return InstanceCertificates(
        name=network.instance.name,
        certificates=tuple(sorted(rows, key=lambda row: (row.not_after, row.whose, row.purpose))),
        not_seen=tuple(_not_seen(found)),
    )


async def _ports(
    network: Network, connections: Connections, node: NodeOutput, deadline: float
) -> dict[str, str | HeddleError]:
    """Return what a node presents at each of its ports that speak TLS, by the port's name and number."""
    ports: dict[str, int | None] = {"gRPC": node.port, "admin": node.admin_port}
    if network.instance.operations_tls_certificate is not None:
        ports["operations"] = node.operations_port

    async def look(port: int) -> str | HeddleError:
        try:
            shown = await presented_certificate(connections.dialer, node_of(node), port, deadline=deadline)
        except (FabricError, IdentityError) as error:
            return error
        return shown.public_bytes(Encoding.PEM).decode()

    asked = {f"{name} {port}": port for name, port in ports.items() if port is not None}
    return dict(zip(asked, await asyncio.gather(*map(look, asked.values())), strict=True))


async def _authorities(
    network: Network, connections: Connections, channel: str, deadline: float
) -> list[tuple[str, Registered]] | HeddleError:
    """Return the roots and intermediates in a channel's configuration, or why it could not be read."""
    try:
        signer, history = network.channel_reader(channel), network.history(channel)
        block = await config_block_now(connections, network.orderers, history, signer, deadline=deadline)
        return list(of_channel(settings_of(config_of(block).config, channel=channel)))
    except HeddleError as error:
        return error


def _of_nodes(network: Network, found: Presented, now: datetime) -> Iterator[CertificateEnd]:
    for node in (*network.instance.orderers, *network.instance.peers):
        seen = {port: pem for port, pem in found.ports.get(node.name, {}).items() if isinstance(pem, str)}
        for each in of_node(node):
            if each.purpose is not TLS:
                yield from _rows(each, now)
        yield from _tls_rows(node, seen, now)


def _tls_rows(node: NodeOutput, seen: Mapping[str, str], now: datetime) -> Iterator[CertificateEnd]:
    """Return a node's TLS certificates: each that it presents, and the issued one if that is none of them."""
    issued = next((each for each in of_node(node) if each.purpose is TLS), None)
    ports: dict[str, list[str]] = {}
    for port, pem in seen.items():
        ports.setdefault(_key(pem), []).append(port)
    for where in ports.values():
        pem = seen[where[0]]
        shown = Registered(whose=node.name, purpose=TLS, pem=pem, what=issued.what if issued else "")
        differs = _difference(pem, issued.pem) if issued else ""
        for row in _rows(shown, now):
            healed = replace(row, remedy=RESTART) if differs else row
            yield replace(healed, presented_at=tuple(where), differs=differs)
    if issued and _key(issued.pem) not in ports:
        for row in _rows(issued, now):
            yield replace(row, differs=_NOT_SHOWN if ports else "")


def _others(network: Network, found: Presented, now: datetime) -> Iterator[CertificateEnd]:
    """Return what no node presents. A member's root that channels have is named once, with the channels."""
    instance = network.instance
    registered = list(of_instance(instance))
    if network.person is not None:
        pem = network.person.signer.certificate.decode()
        registered.append(Registered(whose=network.person.name, purpose=PERSON, pem=pem, what=""))
    names = {each.msp_id: name for name, each in instance.organizations.items()}
    known: dict[str, Registered] = {}
    where: dict[str, list[str]] = {}
    for each in registered:
        known.setdefault(f"{each.whose} {each.purpose.name} {_key(each.pem)}", each)
    authorities = {_key(each.pem): key for key, each in known.items()}
    for channel, answers in found.channels.items():
        for msp_id, each in answers if not isinstance(answers, HeddleError) else ():
            key = authorities.setdefault(_key(each.pem), f"{msp_id} {_key(each.pem)}")
            known.setdefault(key, replace(each, whose=names.get(msp_id, msp_id)))
            where.setdefault(key, []).append(channel)
    for key, each in known.items():
        for row in _rows(each, now):
            yield replace(row, channels=tuple(where.get(key, ())))


def _rows(registered: Registered, now: datetime) -> Iterator[CertificateEnd]:
    """Return a certificate as it is shown; nothing for a text that is none, which others refuse."""
    try:
        certificate = load_certificate(registered.pem.encode())
        subject = certificate.subject.rfc4514_string()
    except (IdentityError, ValueError):
        return
    end = certificate.not_valid_after_utc
    yield CertificateEnd(
        whose=registered.whose,
        purpose=registered.purpose.name,
        subject=subject,
        serial=f"{certificate.serial_number:x}",
        fingerprint=fingerprint(registered.pem.encode()),
        not_after=end.isoformat(),
        days=(end - now).days,
        stops=registered.purpose.stops,
        remedy=registered.purpose.remedy_at(end, now),
        soon=end <= now + registered.purpose.soon,
    )


def _difference(shown: str, issued: str) -> str:
    if _key(shown) == _key(issued):
        return ""
    serial = load_certificate(issued.encode()).serial_number
    same_key = public_key_of(shown.encode()) == public_key_of(issued.encode())
    key = "the same key" if same_key else "another key"
    return f"not the one issued last, which is {serial:x}, for {key}"


def _key(pem: str) -> str:
    """Return what tells a certificate from others; white space around it means nothing."""
    try:
        return fingerprint(pem.encode())
    except IdentityError:
        return re.sub(r"\s+", "", pem)


def _not_seen(found: Presented) -> Iterator[str]:
    """Return which ports and channels did not answer, and why, in a line each."""
    for node, ports in found.ports.items():
        silent = {port: error for port, error in ports.items() if isinstance(error, HeddleError)}
        if silent:
            yield f"{node}, {', '.join(silent)}: {_cause(silent.values())}"
    for channel, answer in found.channels.items():
        if isinstance(answer, HeddleError):
            yield f"authorities on channel {channel}: {_cause([answer])}"


def _cause(errors: Iterable[HeddleError]) -> str:
    first = next(iter(errors))
    return " ".join((getattr(first, "cause", "") or first.message).split())
