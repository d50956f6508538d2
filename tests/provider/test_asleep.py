"""What the provider does while nodes are to sleep: it asks none of them, and refuses what takes them."""

from typing import Any

import pytest

from heddle.errors import ProviderError
from heddle.plugin import interface as api
from heddle.provider import create_provider
from tests.provider.harness import Messages, urn

ROLLOUT, MEMBERSHIP = "heddle:kubernetes:Rollout", "heddle:ledger:PeerMembership"
NODE: dict[str, Any] = {
    "name": "peer0",
    "mspId": "M",
    "host": "192.0.2.1",
    "port": 1,
    "tlsRootCertificates": ["root"],
}
PEERS: dict[str, Any] = {
    "kind": "peer",
    "namespace": "fabric",
    "nodes": [NODE],
    "revisions": {"peer0": "one"},
    "images": {"peer0": "fabric-peer:3.1.5"},
}


@pytest.fixture
async def provider() -> Any:
    made = create_provider(Messages())
    await made.configure({"power": "off"})
    return made


def _update(news: dict[str, Any], *, preview: bool) -> api.UpdateRequest:
    return api.UpdateRequest(
        urn=urn(ROLLOUT, "peers"),
        type=ROLLOUT,
        name="peers",
        id="fabric/peers",
        old_inputs=PEERS,
        old_outputs=PEERS,
        news=news,
        preview=preview,
    )


@pytest.mark.parametrize("preview", [True, False])
async def test_new_templates_wait_for_the_wake(provider: Any, preview: bool) -> None:
    """Nobody restarts anything: nodes start with them."""
    done = await provider.update(_update({**PEERS, "revisions": {"peer0": "two"}}, preview=preview))

    assert done.properties["revisions"] == {"peer0": "two"}


@pytest.mark.parametrize("preview", [True, False])
async def test_other_images_are_refused(provider: Any, preview: bool) -> None:
    """What channels need of a release only running nodes tell."""
    news = {**PEERS, "revisions": {"peer0": "two"}, "images": {"peer0": "fabric-peer:3.2.0"}}
    with pytest.raises(ProviderError, match="restart nodes: the instance is hibernated"):
        await provider.update(_update(news, preview=preview))


async def test_nodes_are_neither_compared_nor_read(provider: Any) -> None:
    """A preview and a refresh take no time and change nothing."""
    difference = await provider.diff(
        api.DiffRequest(
            urn=urn(ROLLOUT, "peers"),
            type=ROLLOUT,
            id="fabric/peers",
            old_inputs=PEERS,
            old_outputs=PEERS,
            news=PEERS,
        )
    )
    assert not difference.changes
    seen = await provider.read(
        api.ReadRequest(
            urn=urn(ROLLOUT, "peers"),
            type=ROLLOUT,
            name="peers",
            id="fabric/peers",
            inputs=PEERS,
            properties=PEERS,
        )
    )
    assert (seen.id, seen.inputs) == ("fabric/peers", PEERS)


async def test_a_new_member_of_a_channel_is_refused(provider: Any) -> None:
    """In the preview already, with the way out."""
    request = api.CreateRequest(
        urn=urn(MEMBERSHIP, "peer0"), type=MEMBERSHIP, name="peer0", inputs={"peer": NODE}, preview=True
    )
    with pytest.raises(ProviderError, match="join a peer to a channel") as error:
        await provider.create(request)
    assert "power: on" in error.value.hint
