"""Check settings before anything is created or signed: the refusals of nodes, said early."""

from collections import Counter
from collections.abc import Callable, Iterable

from heddle.configtx import bft, values
from heddle.configtx.names import check_channel_id, check_config_id
from heddle.configtx.settings import BFT, ETCDRAFT, ChannelSettings, Consenter
from heddle.durations import nanoseconds
from heddle.errors import ConfigtxError, IdentityError
from heddle.identity.chain import TrustStore
from heddle.identity.keys import public_key_of
from heddle.identity.membership import membership
from heddle.identity.msp import Msp, msp_config
from heddle.quantities import show_size
from heddle.settings import NOT_LONGER, Duration, settings_of

__all__ = ["check_settings"]


def check_settings(settings: ChannelSettings) -> None:
    """Check every rule at once.

    Source: common/channelconfig/orderer.go, orderer/consensus/etcdraft/util.go,
    orderer/consensus/smartbft/{util.go,util/util.go} (Fabric 3.1.5). BFT orderers ask most of this only after
    they have committed the configuration, and then halt: nobody but Heddle says it in time.

    Raises:
        ConfigtxError: settings that no node would accept; lists every problem.
    """
    consensus = {ETCDRAFT: _raft, BFT: _bft}.get(settings.consensus, _unknown_consensus)
    parts = (_names, _capabilities, _batch, _consenters, consensus)
    problems = [problem for part in parts for problem in part(settings)]
    if problems:
        raise ConfigtxError(f"channel {settings.channel}: " + "\n  ".join(problems))


def _names(settings: ChannelSettings) -> Iterable[str]:
    yield from _words(check_channel_id, settings.channel)
    sections = {
        "orderer": [organization.name for organization in settings.orderer_organizations],
        "peer": [organization.name for organization in settings.peer_organizations],
    }
    for kind, names in sections.items():
        for name, count in Counter(names).items():
            yield from _words(check_config_id, name)
            if count > 1:
                yield f"{count} {kind} organizations have one name, {name}"
    yield from _msps(settings)
    if not settings.orderer_organizations:
        yield "no orderer organization, expected at least one"
    for orderer in settings.orderer_organizations:
        if settings.capabilities.channel == "V3_0" and not orderer.endpoints:
            yield f"orderer endpoints for organization {orderer.name} are missing"
        for endpoint in orderer.endpoints:
            yield from _words(values.host_port, endpoint)
    for peer in settings.peer_organizations:
        for anchor in peer.anchor_peers:
            yield from _words(values.host_port, anchor)


def _msps(settings: ChannelSettings) -> Iterable[str]:
    """Check that an organization that runs both orderers and peers brings one and the same MSP to both."""
    msps: dict[str, Msp] = {}
    orderers = [organization.msp for organization in settings.orderer_organizations]
    for msp in (*orderers, *(organization.msp for organization in settings.peer_organizations)):
        if msps.setdefault(msp.msp_id, msp) != msp:
            yield f"two different versions of MSP {msp.msp_id}"


def _capabilities(settings: ChannelSettings) -> Iterable[str]:
    for part, name in vars(settings.capabilities).items():
        if name not in values.CAPABILITIES[part]:
            known = ", ".join(values.CAPABILITIES[part])
            yield f"{part} capability {name!r} is not one that Fabric 3.1.5 knows: {known}"


def _batch(settings: ChannelSettings) -> Iterable[str]:
    batch = settings.batch
    yield from _above_zero("batch", batch)
    if batch.preferred_max_bytes > batch.absolute_max_bytes:
        yield (
            f"batch preferred max bytes {show_size(batch.preferred_max_bytes)}: expected no more than "
            f"absolute max bytes, {show_size(batch.absolute_max_bytes)}"
        )


def _raft(settings: ChannelSettings) -> Iterable[str]:
    raft = settings.raft
    yield from _above_zero("raft", raft)
    if raft.heartbeat_tick >= raft.election_tick:
        found, limit = raft.heartbeat_tick, raft.election_tick
        yield f"raft heartbeat tick {found}: expected less than election tick, {limit}"


def _consenters(settings: ChannelSettings) -> Iterable[str]:
    if not settings.consenters:
        yield "no consenter, expected at least one"
    # A node may show one certificate in both roles; no certificate may serve two nodes.
    pairs = ({node.client_tls_certificate, node.server_tls_certificate} for node in settings.consenters)
    shared = [count for count in Counter(pem for pair in pairs for pem in pair).values() if count > 1]
    if shared:
        yield "two consenters show one TLS certificate"
    places = Counter(node.address for node in settings.consenters)
    yield from (f"{n} consenters at {place}" for place, n in places.items() if n > 1)


def _unknown_consensus(settings: ChannelSettings) -> Iterable[str]:
    yield f"consensus {settings.consensus!r}: expected {ETCDRAFT} or {BFT}"


def _bft(settings: ChannelSettings) -> Iterable[str]:
    if settings.capabilities.channel != "V3_0":
        yield f"BFT needs channel capability V3_0, found {settings.capabilities.channel}"
    yield from _bft_options(settings)
    yield from _bft_batch(settings)
    for number, count in Counter(node.id for node in settings.consenters).items():
        if count > 1:
            yield f"{count} consenters have id {number}"
    for node in settings.consenters:
        yield from (f"consenter {node.address}: {problem}" for problem in _bft_consenter(node, settings))
    keys = Counter(key for node in settings.consenters if (key := _public_key(node.identity)))
    if any(count > 1 for count in keys.values()):
        yield "two consenters sign with one key"


def _bft_options(settings: ChannelSettings) -> Iterable[str]:
    options = vars(settings.bft)
    yield from _above_zero("BFT", settings.bft)
    for low, high in NOT_LONGER:
        try:
            wrong = nanoseconds(options[low]) > nanoseconds(options[high])
        except ValueError:
            continue  # said above
        if wrong:
            yield f"BFT {_spaced(low)} {options[low]}: expected no more than {_spaced(high)}, {options[high]}"


def _bft_batch(settings: ChannelSettings) -> Iterable[str]:
    batch = settings.batch
    if 0 < batch.absolute_max_bytes < bft.REQUEST_MAX_BYTES:
        yield (
            f"batch absolute max bytes {show_size(batch.absolute_max_bytes)}: expected at least "
            f"{show_size(bft.REQUEST_MAX_BYTES)} with BFT"
        )
    if batch.max_message_count > batch.absolute_max_bytes:
        yield (
            f"batch max message count {batch.max_message_count}: expected no more than absolute max bytes, "
            f"{show_size(batch.absolute_max_bytes)}, with BFT"
        )


def _bft_consenter(node: Consenter, settings: ChannelSettings) -> Iterable[str]:
    if not 0 < node.id < 2**32:
        yield f"id {node.id}: expected a number from 1"
    msps = {one.msp.msp_id: one.msp for one in settings.orderer_organizations}
    own = msps.get(node.msp_id)
    if own is None:
        yield f"MSP id {node.msp_id!r}: expected that of an orderer organization, {', '.join(sorted(msps))}"
        return
    try:
        refusal = membership(msp_config(own).SerializeToString()).refusal(node.identity)
        if refusal:
            yield f"its enrolment certificate is none of {node.msp_id}: {refusal}"
        store = TrustStore(own.tls_root_certificates, own.tls_intermediate_certificates)
        for role, pem in (("client", node.client_tls_certificate), ("server", node.server_tls_certificate)):
            if not store.trusts(pem):
                yield f"its {role} TLS certificate comes from no TLS authority of {node.msp_id}"
    except IdentityError as error:
        yield error.message


def _public_key(certificate: bytes) -> bytes:
    try:
        return public_key_of(certificate)
    except IdentityError:
        return b""


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _above_zero(part: str, group: object) -> Iterable[str]:
    """Yield a problem for every setting of a group that is not above zero, which no node accepts."""
    for each in settings_of(type(group)):
        what, value = f"{part} {each.words}", getattr(group, each.name)
        if isinstance(each.kind, Duration):
            yield from _positive(what, value)
        elif value < 1:
            yield f"{what} {each.kind.show(value)}: expected at least {each.kind.show(1)}"


def _positive(what: str, duration: str) -> Iterable[str]:
    try:
        if nanoseconds(duration) <= 0:
            yield f"{what} {duration}: expected more than 0"
    except ValueError as error:
        yield f"{what}: {error}"


def _words(check: Callable[[str], object], name: str) -> Iterable[str]:
    try:
        check(name)
    except ConfigtxError as error:
        yield str(error)
