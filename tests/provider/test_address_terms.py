"""AddressTerms: addresses of nodes, of which none goes while a channel names it, on stand-ins."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from heddle.errors import HeddleError
from tests.contract.standins import prepared_standins
from tests.provider.harness import Engine, answer_api_server, node_value, signer_value
from tests.provider.test_real_moved import FORMER, NEW, _channel, with_orderers
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork

TERMS = "heddle:ledger:AddressTerms"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    yield from with_orderers(prepared_standins(tmp_path, orderers=4, peers={"organization": 1}))


def _terms(network: RealNetwork, *hosts: str) -> dict[str, Any]:
    """The terms of nodes that answer to these hosts, that of now first."""
    return {
        "namespace": "fabric-test",
        "served": {node.name: [f"{host}:{node.port}" for host in hosts] for node in network.orderers},
        "orderers": [node_value(node) for node in network.orderers],
        "channels": ["channel"],
        "reader": signer_value(network.ordering.admin),
    }


async def test_an_address_goes_once_the_channel_names_another(network: RealNetwork, engine: Engine) -> None:
    """At once it is refused, in the preview already; beside the new one it stays until nobody uses it."""
    await engine.up(TERMS, "terms", _terms(network, FORMER))
    await engine.up(CHANNEL, "channel", _channel(network, FORMER))

    with pytest.raises(HeddleError, match=rf"channel channel names {FORMER}:\d+ of orderer1\n"):
        await engine.preview(TERMS, "terms", _terms(network, NEW))
    with pytest.raises(HeddleError, match="under `former`"):
        await engine.up(TERMS, "terms", _terms(network, NEW))
    _, story = await engine.preview(TERMS, "terms", _terms(network, NEW, FORMER))
    await engine.up(TERMS, "terms", _terms(network, NEW, FORMER))
    with pytest.raises(HeddleError, match="are in use and must not go"):
        await engine.up(TERMS, "terms", _terms(network, NEW))
    await engine.up(CHANNEL, "channel", _channel(network, NEW))
    _, end = await engine.preview(TERMS, "terms", _terms(network, NEW))
    await engine.up(TERMS, "terms", _terms(network, NEW))

    assert story.startswith("4 nodes get another address and answer to the former one, too\norderer1: ")
    assert end.startswith("4 nodes stop answering to a former address, which no channel names\n")


async def test_before_there_is_a_channel_nothing_is_in_use(network: RealNetwork, engine: Engine) -> None:
    """Whoever is wrong about a domain at first can just write another."""
    await engine.up(TERMS, "terms", _terms(network, FORMER))

    await engine.up(TERMS, "terms", _terms(network, NEW))

    assert engine.inputs["terms"]["served"] == _terms(network, NEW)["served"]


async def test_a_node_that_comes_or_goes_is_no_change_of_addresses(
    network: RealNetwork, engine: Engine
) -> None:
    """An `up` that another resource refuses leaves nothing to be undone; the state follows all the same."""
    whole = _terms(network, FORMER)
    fewer = {**whole, "served": dict(list(whole["served"].items())[1:])}
    await engine.up(TERMS, "terms", whole)
    network.stop()

    for terms in (fewer, whole):
        assert not (await engine.diff(TERMS, "terms", terms)).changes
        await engine.up(TERMS, "terms", terms)
        assert engine.inputs["terms"]["served"] == terms["served"]


async def test_where_no_orderer_tells_nothing_goes(network: RealNetwork, engine: Engine) -> None:
    """What is not known counts as in use."""
    await engine.up(TERMS, "terms", _terms(network, FORMER))
    network.stop()

    with pytest.raises(
        HeddleError, match="whether channels still name former addresses of nodes is not known"
    ):
        await engine.preview(TERMS, "terms", _terms(network, NEW))


async def test_addresses_of_nodes_that_were_never_made_can_just_be_others(
    engine: Engine, network: RealNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first `up` had the wrong domain, and ended before there was a namespace."""
    answer_api_server(monkeypatch, lambda _: httpx.Response(404, json={"message": "not found"}))
    await engine.provider.configure({"kubeconfig": "kubeconfig"})
    network.stop()
    old, new = (_terms(network, host) for host in (FORMER, NEW))
    for terms in (old, new):
        for node in terms["orderers"]:
            node |= {"namespace": "fabric-test", "pod": f"{node['name']}-0"}
    await engine.up(TERMS, "terms", old)

    await engine.up(TERMS, "terms", new)

    assert engine.inputs["terms"]["served"] == new["served"]
