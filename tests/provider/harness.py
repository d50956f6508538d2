"""A provider in this process, and the property values of a test network."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from kubernetes.client import Configuration

from heddle.configtx.settings import BFT, ChannelSettings, Consenter
from heddle.fabric.node import ClientTls, Node
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from heddle.kube.apiserver import ApiServer
from heddle.plugin import interface as api
from heddle.plugin.values import Properties, strip_secrets
from heddle.provider import create_provider
from heddle.provider.channel.settings import settings_inputs
from heddle.provider.session import Session


class CheckFailedError(Exception):
    """Inputs that check refuses."""


@dataclass
class Messages:
    """What the provider said, as (severity, message, urn); `waits`: what it waited for meanwhile."""

    said: list[tuple[str, str, str]] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)

    async def __call__(
        self, severity: api.Severity, message: str, urn: str = "", *, ephemeral: bool = False
    ) -> None:
        if ephemeral:
            self.waits.append(message)
        else:
            self.said.append((str(severity), message, urn))

    def of(self, severity: str) -> list[str]:
        return [message for kind, message, _ in self.said if kind == severity]


class Engine:
    """Does with one provider what an engine does: check, then diff, create or update; keeps the state."""

    def __init__(self) -> None:
        self.log = Messages()
        self.provider = create_provider(self.log)
        self.ids: dict[str, str] = {}
        self.inputs: dict[str, Properties] = {}
        self.outputs: dict[str, Properties] = {}
        self.failed: set[str] = set()

    async def check(self, kind: str, name: str, news: Mapping[str, Any]) -> Properties:
        olds = self.inputs.get(name, {})
        result = await self.provider.check(
            api.CheckRequest(urn=urn(kind, name), type=kind, name=name, olds=olds, news=dict(news))
        )
        if result.failures:
            raise CheckFailedError("\n".join(f"{one.property}: {one.reason}" for one in result.failures))
        return result.inputs

    async def diff(self, kind: str, name: str, news: Mapping[str, Any]) -> api.DiffResult:
        return await self.provider.diff(
            api.DiffRequest(
                urn=urn(kind, name),
                type=kind,
                id=self.ids[name],
                old_inputs=self.inputs[name],
                old_outputs=self.outputs[name],
                news=await self.check(kind, name, news),
            )
        )

    async def up(self, kind: str, name: str, news: Mapping[str, Any]) -> dict[str, Any]:
        """Create, update or leave as it is; the outputs without secrets' wrappers."""
        inputs = await self.check(kind, name, news)
        if name not in self.ids:
            await self._create(kind, name, inputs)
        elif (await self.diff(kind, name, news)).changes or name in self.failed:
            await self._update(kind, name, inputs)
        self.inputs[name] = inputs
        return plain(self.outputs[name])

    async def _update(self, kind: str, name: str, inputs: Properties) -> None:
        request = api.UpdateRequest(
            urn=urn(kind, name),
            type=kind,
            name=name,
            id=self.ids[name],
            old_inputs=self.inputs[name],
            old_outputs=self.outputs[name],
            news=inputs,
        )
        try:
            self.outputs[name] = (await self.provider.update(request)).properties
        except api.PartialFailure as failure:
            # The old inputs stay: what was wanted is still a difference in the next run.
            self.outputs[name] = failure.properties
            self.failed.add(name)
            raise
        self.failed.discard(name)

    async def _create(self, kind: str, name: str, inputs: Properties) -> None:
        request = api.CreateRequest(urn=urn(kind, name), type=kind, name=name, inputs=inputs)
        try:
            created = await self.provider.create(request)
        except api.PartialFailure as failure:
            self.ids[name], self.outputs[name] = failure.id, failure.properties
            self.inputs[name] = failure.inputs
            self.failed.add(name)
            raise
        self.ids[name], self.outputs[name] = created.id, created.properties

    async def destroy(self, kind: str, name: str) -> None:
        """Delete it, and know nothing of it any more."""
        await self.provider.delete(
            api.DeleteRequest(
                urn=urn(kind, name),
                type=kind,
                name=name,
                id=self.ids.pop(name),
                old_inputs=self.inputs.pop(name),
                properties=self.outputs.pop(name),
            )
        )

    async def preview(self, kind: str, name: str, news: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Outputs as far as known, and the one message of the preview."""
        inputs = await self.check(kind, name, news)
        before = len(self.log.of("info"))
        if name in self.ids:
            updated = await self.provider.update(
                api.UpdateRequest(
                    urn=urn(kind, name),
                    type=kind,
                    name=name,
                    id=self.ids[name],
                    old_inputs=self.inputs[name],
                    old_outputs=self.outputs[name],
                    news=inputs,
                    preview=True,
                )
            )
            properties = updated.properties
        else:
            created = await self.provider.create(
                api.CreateRequest(urn=urn(kind, name), type=kind, name=name, inputs=inputs, preview=True)
            )
            properties = created.properties
        said = self.log.of("info")[before:]
        assert len(said) <= 1, "a preview says one thing on a resource"
        return plain(properties), "".join(said)

    async def read(self, kind: str, name: str) -> api.ReadResult:
        result = await self.provider.read(
            api.ReadRequest(
                urn=urn(kind, name),
                type=kind,
                name=name,
                id=self.ids[name],
                inputs=self.inputs[name],
                properties=self.outputs[name],
            )
        )
        if result.id:
            self.inputs[name], self.outputs[name] = result.inputs, result.properties
        return result


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:test::fabric::{kind}::{name}"


def plain(properties: Properties) -> dict[str, Any]:
    """Without secrets' wrappers."""
    stripped = strip_secrets(properties)
    assert isinstance(stripped, dict)
    return stripped


def node_value(node: Node) -> dict[str, Any]:
    value: dict[str, Any] = {
        "name": node.name,
        "mspId": node.msp_id,
        "host": node.host,
        "port": node.port,
        "tlsRootCertificates": [pem.decode() for pem in node.tls_root_certificates],
        "dial": node.dial,
        "adminDial": node.admin_dial,
        "operationsDial": node.operations_dial,
    }
    ports = {"adminPort": node.admin_port, "operationsPort": node.operations_port}
    return value | {name: port for name, port in ports.items() if port is not None}


def signer_value(signer: Signer) -> dict[str, Any]:
    return {
        "mspId": signer.msp_id,
        "certificate": signer.certificate.decode(),
        "privateKey": signer.private_key.decode(),
    }


def tls_value(tls: ClientTls) -> dict[str, Any]:
    return {"certificate": tls.certificate.decode(), "privateKey": tls.private_key.decode()}


def channel_value(
    settings: ChannelSettings, orderers: Iterable[Node], signers: Iterable[Signer], tls: ClientTls
) -> dict[str, Any]:
    """The inputs of a Channel with these settings."""
    nodes = {f"{node.host}:{node.port}": node.name for node in orderers}
    return {
        "channel": settings.channel,
        "orderers": [node_value(node) for node in orderers],
        "ordererOrganizations": [
            {"name": one.name, "msp": msp_value(one.msp), "endpoints": [*one.endpoints]}
            for one in settings.orderer_organizations
        ],
        "peerOrganizations": [
            {"name": one.name, "msp": msp_value(one.msp), "anchorPeers": [*one.anchor_peers]}
            for one in settings.peer_organizations
        ],
        "consenters": [
            {
                "node": nodes.get(f"{one.host}:{one.port}", "?"),
                "host": one.host,
                "port": one.port,
                "clientTlsCertificate": one.client_tls_certificate.decode(),
                "serverTlsCertificate": one.server_tls_certificate.decode(),
                **_bft_consenter(one),
            }
            for one in settings.consenters
        ],
        **({"consensus": settings.consensus} if settings.consensus == BFT else {}),
        "batch": {"timeout": settings.batch.timeout},
        "signers": [signer_value(signer) for signer in signers],
        "adminTls": tls_value(tls),
    }


def _bft_consenter(one: Consenter) -> dict[str, Any]:
    if not one.id:
        return {}
    return {"id": one.id, "mspId": one.msp_id, "identity": one.identity.decode()}


def msp_value(msp: Msp) -> dict[str, Any]:
    lists = {
        "rootCertificates": msp.root_certificates,
        "intermediateCertificates": msp.intermediate_certificates,
        "tlsRootCertificates": msp.tls_root_certificates,
        "tlsIntermediateCertificates": msp.tls_intermediate_certificates,
    }
    return {
        "mspId": msp.msp_id,
        **{name: [pem.decode() for pem in pems] for name, pems in lists.items() if pems},
    }


__all__ = [
    "CheckFailedError",
    "Engine",
    "Messages",
    "channel_value",
    "node_value",
    "settings_inputs",
    "signer_value",
    "tls_value",
]


def answer_api_server(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    """Let a function answer every request to the API server of a cluster."""
    client = functools.partial(httpx.AsyncClient, transport=httpx.MockTransport(answer))
    monkeypatch.setattr("heddle.kube.client.httpx.AsyncClient", client)

    async def api_server(_: Session) -> ApiServer:
        return ApiServer(url="http://cluster", tls=None, proxy="", configuration=Configuration())

    monkeypatch.setattr(Session, "api_server", api_server)
