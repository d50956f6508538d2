"""Address blocks: clusters never meet, and a cluster is where its name says."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.embedded.kubernetes.addresses import RANGE, Block, allocate
from heddle.errors import LocalKubeError

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?", fullmatch=True)
BLOCKS = list(RANGE.subnets(new_prefix=20))


@given(st.lists(NAMES, unique=True, max_size=40))
def test_clusters_never_share_an_address(names: list[str]) -> None:
    """However many clusters there are, their blocks are disjoint."""
    taken: list[IPv4Network] = []
    for name in names:
        block = allocate(name, taken)
        assert not any(block.network.overlaps(other) for other in taken)
        taken.append(block.network)


@given(NAMES)
def test_the_name_alone_decides_on_a_free_machine(name: str) -> None:
    """The same name gets the same addresses everywhere, so what one writes down stays true."""
    assert allocate(name, []) == allocate(name, [IPv4Network("192.168.0.0/16")])


@given(NAMES, st.integers(0, 255), st.integers(16, 32))
def test_a_route_of_the_machine_is_respected(name: str, index: int, prefix: int) -> None:
    """A block that overlaps a route, larger or smaller than itself, is passed over."""
    route = IPv4Network((BLOCKS[index].network_address, prefix), strict=False)
    assert not allocate(name, [route]).network.overlaps(route)


@given(NAMES)
def test_the_parts_of_a_block_are_disjoint_and_inside(name: str) -> None:
    """Link, pods and Services do not overlap and stay in the block."""
    block = allocate(name, [])
    link = IPv4Network((block.gateway, block.link_prefix), strict=False)
    assert block.node in link
    parts = [link, block.pods, block.services]
    assert all(part.subnet_of(block.network) for part in parts)
    assert not any(a.overlaps(b) for a in parts for b in parts if a is not b)
    assert block.dns_service in block.services
    assert block.api_service in block.services


def test_a_full_range_is_said_not_guessed() -> None:
    """With no block left, the error names the range and the way out."""
    with pytest.raises(LocalKubeError, match=r"10\.208\.0\.0/12") as caught:
        allocate("one", [RANGE])
    assert "down --purge" in caught.value.hint


def test_the_dns_address_is_the_tenth_service() -> None:
    """As in every cluster, so that people find it."""
    block = Block(network=IPv4Network("10.208.16.0/20"))
    assert str(block.dns_service) == "10.208.24.10"
    assert str(block.node) == "10.208.16.2"
