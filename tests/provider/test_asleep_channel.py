"""What of a channel may change while its nodes sleep, and what has to wait until they run."""

from dataclasses import replace
from typing import Any

import pytest

from heddle.configtx.settings import ChannelSettings, Consenter
from heddle.fabric.node import ClientTls, Node
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.plugin.values import UNKNOWN
from heddle.provider.channel.handler import ChannelHandler
from heddle.provider.handler import Call
from heddle.provider.session import Session
from heddle.settings import BatchSettings
from tests.configtx.networks import bft_trade, organization, trade
from tests.provider.harness import Messages, channel_value

TLS = ClientTls(certificate=b"", private_key=b"")


def inputs(settings: ChannelSettings) -> dict[str, Any]:
    nodes = [Node(name=each.host, msp_id="M", host=each.host, port=each.port) for each in settings.consenters]
    return {**channel_value(settings, nodes, [], TLS), "raft": {}, "capabilities": {}}


def plan(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """What is said of the change in a network that sleeps; None where it is not for such a time."""
    call = Call(urn="urn", id="trade", inputs=new, old_inputs=old, old_outputs={"sequence": 3})
    found = ChannelHandler(Session(Messages())).asleep_plan(call)
    if found is None:
        return None
    assert found.outputs == {"sequence": 3}
    return found.message


def again(consenter: Consenter, *, rekeyed: bool) -> Consenter:
    """The consenter with a new TLS certificate, for the key that it has or for a new one."""
    owner = organization("orderer")
    request = CertificateRequest(common_name=consenter.host, hosts=(consenter.host,), usage=Usage.TLS)
    key = None if rekeyed else owner.server(consenter.host).private_key
    certificate = issue(owner.tls, request, private_key=key).certificate
    return replace(consenter, client_tls_certificate=certificate, server_tls_certificate=certificate)


@pytest.mark.parametrize("settings", [trade(), bft_trade()], ids=["raft", "bft"])
def test_certificates_may_be_renewed(settings: ChannelSettings) -> None:
    """Fabric knows a consenter by its key: the channel stays as it is, and says so."""
    new = replace(settings, consenters=tuple(again(each, rekeyed=False) for each in settings.consenters))
    assert new != settings
    assert plan(inputs(settings), inputs(new)) == (
        "asleep: certificates are renewed, the channel stays as it is"
    )


def test_a_preview_takes_certificates_to_come_for_renewed_ones() -> None:
    """It does not know them yet; `up` does, before it saves anything."""
    new = inputs(trade())
    for consenter in new["consenters"]:
        consenter["clientTlsCertificate"] = consenter["serverTlsCertificate"] = UNKNOWN
    assert plan(inputs(trade()), new) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda old: replace(old, consenters=old.consenters[:1]),
        lambda old: replace(old, consenters=(again(old.consenters[0], rekeyed=True), *old.consenters[1:])),
        lambda old: replace(old, peer_organizations=old.peer_organizations[:1]),
        lambda old: replace(old, batch=BatchSettings(timeout="3s")),
    ],
    ids=["a consenter less", "a new key", "a member less", "another setting"],
)
def test_what_the_ledger_has_to_say_waits(change: Any) -> None:
    """It takes orderers that run."""
    assert plan(inputs(trade()), inputs(change(trade()))) is None
