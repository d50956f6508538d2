"""A small program against Pulumi's own mocks: what is sent, and what comes back."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from heddle.resources import (
    Certificate,
    CertificateArgs,
    CertificateAuthority,
    CertificateAuthorityArgs,
    Provider,
    ProviderArgs,
)


class _Mocks(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.seen: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.seen.append(args)
        made = {"certificate": "the certificate", "privateKey": "the key", "notAfter": "2030-01-01T00:00:00Z"}
        return f"{args.name}-id", {**args.inputs, **made}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        raise NotImplementedError


@pytest.fixture
def mocks() -> Iterator[_Mocks]:
    # Pulumi's test runtime uses the thread's loop, and asynchronous tests before this one take theirs away.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks = _Mocks()
    pulumi.runtime.set_mocks(mocks, project="fabric", stack="test")
    yield mocks
    asyncio.set_event_loop(None)
    loop.close()


async def _wait(output: pulumi.Output[Any]) -> Any:
    return await output.future()


@pulumi.runtime.test  # type: ignore[untyped-decorator] # the SDK does not type it
async def test_names_are_translated_at_the_edge(mocks: _Mocks) -> None:
    """Arguments travel under Pulumi's names, outputs come back under Python's."""
    authority = CertificateAuthority(
        "ca", CertificateAuthorityArgs(common_name="ca.example", organization="example")
    )
    certificate = Certificate(
        "peer",
        CertificateArgs(
            authority_certificate=authority.certificate,
            authority_private_key=authority.private_key,
            common_name="peer0",
            usage="tls",
            hosts=["peer0.example"],
        ),
        pulumi.ResourceOptions(depends_on=[authority]),
    )
    assert await _wait(certificate.private_key) == "the key"
    assert await _wait(certificate.not_after) == "2030-01-01T00:00:00Z"
    sent = next(args for args in mocks.seen if args.name == "peer")
    assert sent.typ == "heddle:identity:Certificate"
    assert sent.inputs["authorityCertificate"] == "the certificate"
    assert sent.inputs["hosts"] == ["peer0.example"]
    assert "validityDays" not in sent.inputs, "defaults are the provider's to fill in"


@pulumi.runtime.test  # type: ignore[untyped-decorator] # the SDK does not type it
async def test_a_kubeconfig_is_a_secret(mocks: _Mocks) -> None:
    """Credentials of a cluster never reach the state in clear."""
    provider = Provider("heddle", ProviderArgs(kubeconfig="apiVersion: v1"))
    await _wait(provider.urn)
    assert next(args for args in mocks.seen).typ == "pulumi:providers:heddle"
