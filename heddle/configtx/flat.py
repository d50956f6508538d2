"""Turn settings into one flat mapping from what they are about to what they say.

Comparing and merging then need no knowledge of the shape: a key is there or not, with this value or that.
Sets (endpoints, anchor peers, consenters, organizations) are keyed by name, so that order never counts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from heddle.configtx.settings import (
    BFT,
    Capabilities,
    ChannelSettings,
    Consenter,
    OrdererOrganization,
    PeerOrganization,
)
from heddle.identity.describe import certificate_brief, revocation_list_text
from heddle.identity.msp import Msp
from heddle.settings import BatchSettings, BftOptions, RaftOptions, ScalarKind, settings_of

__all__ = [
    "ADDRESS",
    "ORDERER",
    "Flat",
    "Key",
    "Value",
    "flatten",
    "moved_keys",
    "same",
    "shown",
    "shown_move",
    "subject",
    "unflatten",
]

Key = tuple[str, ...]
Value = str | int | Msp | Consenter
Flat = dict[Key, Value]

ORDERER: Final = "orderer organization"
PEER: Final = "peer organization"
ADDRESS: Final = "orderer address of the channel itself"
_KINDS: Final[dict[Key, ScalarKind]] = {
    (part, each.name): each.kind
    for part, group in (("batch", BatchSettings), ("raft", RaftOptions), ("bft", BftOptions))
    for each in settings_of(group)
}
"""Kinds of the keys that are settings with a table."""


def flatten(settings: ChannelSettings) -> Flat:
    """Return all that the settings say, but for the channel's name and the other consensus's options."""
    return dict(_items(settings))


def _items(settings: ChannelSettings) -> Iterator[tuple[Key, Value]]:
    yield ("consensus", "type"), settings.consensus
    for name in ("batch", "bft" if settings.consensus == BFT else "raft", "capabilities"):
        for field, value in asdict(getattr(settings, name)).items():
            yield (name, field), value
    for address in settings.orderer_addresses:
        yield (ADDRESS, address), address
    for orderer in settings.orderer_organizations:
        yield (ORDERER, orderer.name, "msp"), orderer.msp
        for endpoint in orderer.endpoints:
            yield (ORDERER, orderer.name, "endpoint", endpoint), endpoint
    for peer in settings.peer_organizations:
        yield (PEER, peer.name, "msp"), peer.msp
        for anchor in peer.anchor_peers:
            yield (PEER, peer.name, "anchor peer", anchor), anchor
    for node in settings.consenters:
        # Raft has no place for these on the ledger, so they make no difference there.
        known = node if settings.consensus == BFT else replace(node, id=0, msp_id="", identity=b"")
        yield ("consenter", node.address), known


def unflatten(flat: Flat, channel: str) -> ChannelSettings:
    """Return the settings of a flat mapping, in the order of its keys; organizations need their msp key."""
    return ChannelSettings(
        channel=channel,
        orderer_organizations=tuple(
            OrdererOrganization(name=name, msp=msp, endpoints=addresses)
            for name, msp, addresses in _organizations(flat, ORDERER)
        ),
        peer_organizations=tuple(
            PeerOrganization(name=name, msp=msp, anchor_peers=addresses)
            for name, msp, addresses in _organizations(flat, PEER)
        ),
        consenters=tuple(value for value in flat.values() if isinstance(value, Consenter)),
        batch=BatchSettings(**_fields(flat, "batch")),
        raft=RaftOptions(**_fields(flat, "raft")),
        consensus=str(flat["consensus", "type"]),
        bft=BftOptions(**_fields(flat, "bft")),
        capabilities=Capabilities(**_fields(flat, "capabilities")),
        orderer_addresses=tuple(_fields(flat, ADDRESS)),
    )


def _organizations(flat: Flat, kind: str) -> Iterator[tuple[str, Msp, tuple[str, ...]]]:
    for key, msp in flat.items():
        if key[0] == kind and isinstance(msp, Msp):
            yield key[1], msp, tuple(other[3] for other in flat if other[:2] == key[:2] and len(other) == 4)


def _fields(flat: Flat, part: str) -> dict[str, Any]:
    return {key[1]: value for key, value in flat.items() if key[0] == part}


def same(key: Key, one: Value | None, other: Value | None) -> bool:
    """Tell whether two values mean the same: "2s" is "2000ms", the order of an MSP's certificates is none."""
    if one is None or other is None:
        return one is other
    if kind := _KINDS.get(key):
        return kind.same(one, other)
    if isinstance(one, Msp) and isinstance(other, Msp):
        return one.msp_id == other.msp_id and not _changed_fields(one, other)
    return one == other


def _changed_fields(one: Msp, other: Msp) -> list[str]:
    pairs = ((name, getattr(one, name), getattr(other, name)) for name in vars(one) if name != "msp_id")
    return [name for name, mine, theirs in pairs if set(mine) != set(theirs)]


def subject(key: Key) -> str:
    """Return the thing that a key is about, for people."""
    match key:
        case ("capabilities", part):
            return f"{part} capability"
        case (kind, address) if kind == ADDRESS:
            return f"{ADDRESS} {address}"
        case ("bft", field):
            return f"BFT {field.replace('_', ' ')}"
        case (kind, name, "msp"):
            return f"{kind} {name}"
        case (kind, name, what, address):
            return f"{what} {address} of {kind} {name}"
        case (part, field):
            return f"{part} {field.replace('_', ' ')}"
    return " ".join(key)


def shown(key: Key, old: Value | None, new: Value | None) -> str:
    """Return what became of a key, for people: "2s → 1s", "added", "TLS certificate sha256:… → …"."""
    if old is None:
        return "added"
    if new is None:
        return "removed"
    if isinstance(old, Msp) and isinstance(new, Msp):
        if old.msp_id != new.msp_id:
            return f"MSP id {old.msp_id} → {new.msp_id}"
        return "MSP: " + "; ".join(
            f"{name.replace('_', ' ')} {_items_change(name, getattr(old, name), getattr(new, name))}"
            for name in _changed_fields(old, new)
        )
    if isinstance(old, Consenter) and isinstance(new, Consenter):
        return _consenter_change(old, new)
    kind = _KINDS.get(key)
    return f"{kind.show(old)} → {kind.show(new)}" if kind else f"{old} → {new}"


def moved_keys(gone: Iterable[Key], come: Iterable[Key]) -> dict[Key, Key]:
    """Return the addresses of an organization that become others, new ones by former ones.

    Two belong together if their hosts have the same first label (the node's name), and no other has.
    """
    before, after = _by_node(gone), _by_node(come)
    return {key: after[node] for node, key in before.items() if node in after}


def _by_node(keys: Iterable[Key]) -> dict[Key, Key]:
    named = [((*key[:3], key[3].rpartition(":")[0].split(".")[0]), key) for key in keys if len(key) == 4]
    counts = Counter(node for node, _ in named)
    return {node: key for node, key in named if counts[node] == 1 and not node[-1].isdigit()}


def shown_move(old: Key, new: Key) -> str:
    """Return for people that an organization's address becomes another one."""
    kind, name, what, address = old
    return f"{what} of {kind} {name}: {address} → {new[3]}"


def _items_change(name: str, old: Sequence[bytes], new: Sequence[bytes]) -> str:
    """Return which certificates or revocation lists go and come, by fingerprint and expiry."""
    show = revocation_list_text if name == "revocation_lists" else certificate_brief
    gone = [f"without {show(item)}" for item in old if item not in new]
    return ", ".join([*gone, *(f"with {show(item)}" for item in new if item not in old)])


def _consenter_change(old: Consenter, new: Consenter) -> str:
    changes = [f"id {old.id} → {new.id}"] if old.id != new.id else []
    if old.msp_id != new.msp_id:
        changes.append(f"MSP id {old.msp_id} → {new.msp_id}")
    if old.identity != new.identity:
        changes.append(f"enrolment certificate {_certificates(old.identity, new.identity)}")
    tls = {
        "server": (old.server_tls_certificate, new.server_tls_certificate),
        "client": (old.client_tls_certificate, new.client_tls_certificate),
    }
    changed = {end: pair for end, pair in tls.items() if pair[0] != pair[1]}
    # Fabric's nodes are servers and clients with one certificate as a rule: told once then.
    same = len(changed) == 2 and changed["server"] == changed["client"]
    for end, pair in {"TLS": changed["server"]}.items() if same else changed.items():
        changes.append(f"{end if same else f'{end} TLS'} certificate {_certificates(*pair)}")
    return ", ".join(changes)


def _certificates(old: bytes, new: bytes) -> str:
    return f"{certificate_brief(old)} → {certificate_brief(new)}"
