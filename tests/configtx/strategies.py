"""Any channel and any endorsement expression, for tests of what holds for all of them."""

from hypothesis import strategies as st

from heddle.configtx.settings import BFT, Capabilities, ChannelSettings
from heddle.settings import BatchSettings, BftOptions, RaftOptions
from tests.configtx.networks import orderer_organization, organization, peer_organization

ROLES = ("member", "admin", "client", "peer", "orderer")
HOSTS = [f"orderer{n}.example" for n in range(5)]
addresses = st.lists(st.sampled_from([f"a{n}:70{n}" for n in range(10, 16)]), unique=True, max_size=4)


@st.composite
def channels(draw: st.DrawFn) -> ChannelSettings:
    """Channels of up to three organizations on each side."""
    hosts = draw(st.lists(st.sampled_from(HOSTS), min_size=1, unique=True))
    orderers = draw(st.lists(st.sampled_from(["orderer", "second", "third"]), min_size=1, unique=True))
    peers = draw(st.lists(st.sampled_from(["alpha", "beta", "gamma"]), unique=True))
    preferred = draw(st.integers(1, 2**20))
    return ChannelSettings(
        channel="trade",
        orderer_organizations=tuple(
            orderer_organization(name, *draw(addresses.filter(bool))) for name in orderers
        ),
        peer_organizations=tuple(peer_organization(name, *draw(addresses)) for name in peers),
        consenters=tuple(organization("orderer").consenter(host, draw(st.integers(1, 9))) for host in hosts),
        batch=BatchSettings(
            timeout=draw(st.sampled_from(["2s", "2000ms", "1s", "500ms"])),
            max_message_count=draw(st.integers(1, 1000)),
            preferred_max_bytes=preferred,
            absolute_max_bytes=preferred + draw(st.integers(0, 2**20)),
        ),
        raft=RaftOptions(tick_interval=draw(st.sampled_from(["500ms", "1s"]))),
        capabilities=Capabilities(orderer=draw(st.sampled_from(["V1_4_2", "V2_0"]))),
    )


@st.composite
def bft_channels(draw: st.DrawFn) -> ChannelSettings:
    """BFT channels of one to seven consenters in any order."""
    hosts = draw(st.lists(st.sampled_from(range(7)), min_size=1, unique=True))
    peers = draw(st.lists(st.sampled_from(["alpha", "beta"]), unique=True))
    owner = organization("orderer")
    return ChannelSettings(
        channel="trade",
        consensus=BFT,
        orderer_organizations=(orderer_organization("orderer", "a:1"),),
        peer_organizations=tuple(peer_organization(name) for name in peers),
        consenters=tuple(
            owner.bft_consenter(n + 1, f"orderer{n}.example", draw(st.integers(1, 3))) for n in hosts
        ),
        batch=BatchSettings(max_message_count=draw(st.integers(1, 5000))),
        bft=BftOptions(
            request_batch_max_interval=draw(st.sampled_from(["200ms", "0.2s", "1s"])),
            request_pool_size=draw(st.integers(1, 2**40)),
        ),
    )


names = st.from_regex(r"[A-Za-z0-9.-]{1,12}", fullmatch=True)
leaves = st.builds(lambda name, role: f"'{name}.{role}'", names, st.sampled_from(ROLES))


@st.composite
def gates(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    parts = draw(st.lists(inner, min_size=1, max_size=4))
    match draw(st.integers(0, 2)):
        case 0:
            return f"AND({', '.join(parts)})"
        case 1:
            return f"OR({', '.join(parts)})"
    return f"OutOf({', '.join([str(draw(st.integers(0, len(parts) + 1))), *parts])})"


expressions = gates(st.recursive(leaves, gates, max_leaves=12))
