"""A small ordering service as the planner sees it, and what its steps make of it. Pure.

One channel, one organization, at most a few orderers. `World` moves as Fabric and Kubernetes do: a restarted
node runs with what was issued to it, one whose key the channel does not know only follows, one whose
certificate has ended answers nobody but Heddle. What the planner says is done as Rollout and Channel do it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from heddle.configtx.settings import (
    BFT,
    ETCDRAFT,
    Capabilities,
    ChannelSettings,
    Consenter,
    OrdererOrganization,
)
from heddle.identity.msp import Msp
from heddle.planner.consenters import key_in_use, outlook
from heddle.planner.facts import (
    Answer,
    CertificateFacts,
    ChannelFacts,
    ConsensusCounts,
    LedgerState,
    NoAnswer,
    NodeFacts,
    PodFacts,
    Refusal,
)
from heddle.planner.health import serves_nobody
from heddle.planner.joining import joining_refusal
from heddle.planner.releases import capability_wait
from heddle.planner.restart import held_up, next_restart, restart_hint, restart_refusal
from heddle.planner.restart import waits_for_successor as waits_for
from heddle.planner.standing import missing_consenters
from heddle.planner.steps import Kind, Step, steps

__all__ = ["Node", "Refused", "Restarted", "Updated", "World", "restart", "update"]

HEIGHT, SEQUENCE = 195, 3
RAFT_NEEDS = (0, 1, 2, 2, 3, 3, 4, 4)
"""By number of consenters, how many must order: as Fabric's documentation lists it, not as Heddle counts."""
BFT_NEEDS = (0, 1, 2, 2, 3, 4, 4, 5)
MSP = Msp(msp_id="M", root_certificates=(b"root",), tls_root_certificates=(b"tls",))
OLD, NEW = Capabilities(channel="V2_0"), Capabilities()
VALID = CertificateFacts(not_after=datetime(2100, 1, 1, tzinfo=UTC), expired=False)
ENDED = CertificateFacts(not_after=datetime(2000, 1, 1, tzinfo=UTC), expired=True)


class Node(NamedTuple):
    """An orderer: what is wanted of it, what the channel says of it, what it runs, what is wrong with it."""

    wanted: bool = True
    """Whether the stack file has it."""
    member: bool = True
    """Whether the channel names it as a consenter."""
    announced: bool = True
    """Whether the channel names it as an endpoint."""
    up: bool = True
    outdated: bool = False
    heals: bool = True
    """Whether its pod becomes ready when it is made anew."""
    expired: bool = False
    ledger: bool = True
    known: int = 0
    """The key that the channel knows."""
    key: int = 0
    """The key with which it runs."""
    issued: int = 0
    """The key that it is to have: it runs with that after its next restart."""
    old: bool = False
    """Whether it runs the former release; its template has the new one."""


class World(NamedTuple):
    """The orderers, in an order that says nothing, and the channel's and the stack file's other choices."""

    nodes: tuple[Node, ...]
    bft: bool = False
    raised: bool = True
    """Whether the channel has the later capability; it is always wanted."""

    def of(self, nodes: Sequence[Node], *, raised: bool | None = None) -> "World":
        """Return the world with these nodes; worlds whose nodes differ by their names alone are one."""
        # The well ones first: a planner that takes the first it finds does not get the broken one by chance.
        ordered = tuple(sorted(nodes, key=lambda node: (as_the_channel_sees(node), node), reverse=True))
        return World(ordered, self.bft, self.raised if raised is None else raised)

    @property
    def members(self) -> list[Node]:
        """The consenters of the channel."""
        return [node for node in self.nodes if node.member]

    @property
    def needed(self) -> int:
        """How many of them must order."""
        return (BFT_NEEDS if self.bft else RAFT_NEEDS)[len(self.members)]

    @property
    def orders(self) -> bool:
        """Whether the channel orders."""
        return len(list(filter(ordering, self.nodes))) >= self.needed


def ordering(node: Node) -> bool:
    """Tell whether a consenter takes its part, to others' eyes."""
    return node.member and node.up and node.ledger and not node.expired and node.key == node.known


def as_the_channel_sees(node: Node) -> Node:
    """Return a node without what makes no difference for its channel: why it is silent, its template."""
    silent = not node.up or node.expired
    return node._replace(
        up=not silent, expired=False, outdated=False, heals=True, key=0 if silent else node.key
    )


class Refused(NamedTuple):
    """A run ends here; `why` is what it says."""

    why: str
    hint: str


class Restarted(NamedTuple):
    """A node was restarted; `goes_on`: the run does not end with it."""

    before: Node
    after: Node
    world: World
    error: str


class Updated(NamedTuple):
    """A configuration update is in force."""

    step: Step
    world: World


@dataclass(frozen=True)
class _View:
    """A world with names for its nodes, as facts."""

    world: World

    @property
    def named(self) -> Iterator[tuple[str, Node]]:
        return ((f"orderer{number}", node) for number, node in enumerate(self.world.nodes))

    def answer(self, name: str, node: Node, *, any_date: bool) -> Answer:
        """What it tells of the channel; `any_date`: Rollout asks one whose certificate has ended, too."""
        if not node.up:
            return NoAnswer(reason=f"{name} does not answer")
        if node.expired and not any_date:
            return NoAnswer(reason=f"{name}: its certificate has expired")
        if not node.ledger:
            return None
        if not node.member or node.key != node.known:
            return LedgerState(relation="follower", status="active", height=HEIGHT)
        order = [other for other, each in self.named if ordering(each)]
        leads = self.world.orders and order[:1] == [name] and not self.world.bft
        counts = ConsensusCounts(
            consenters=len(self.world.members), alive=len(order) if leads else 0, bft=self.world.bft
        )
        return LedgerState(relation="consenter", status="active", height=HEIGHT, leader=leads, counts=counts)

    def facts(self) -> list[NodeFacts]:
        """What Rollout knows: of the nodes that the stack file has, and of those that it had."""
        return [
            NodeFacts(
                name=name,
                kind="orderer",
                msp_id="M",
                channels={"trade": self.answer(name, node, any_date=True)},
                pod=_pod(node) if node.wanted else None,
                certificate=(ENDED if node.expired else VALID) if node.up else None,
                version=_version(name, node),
                leaves=not node.wanted,
            )
            for name, node in self.named
        ]

    def live(self) -> ChannelSettings:
        """The channel's configuration in force."""
        return self._settings(
            {name: node.known for name, node in self.named if node.member},
            [name for name, node in self.named if node.announced],
            NEW if self.world.raised else OLD,
        )

    def target(self) -> ChannelSettings:
        """The configuration that the stack file asks for."""
        keys = {name: node.issued for name, node in self.named if node.wanted}
        return self._settings(keys, list(keys), NEW)

    def _settings(
        self, keys: Mapping[str, int], endpoints: Sequence[str], level: Capabilities
    ) -> ChannelSettings:
        return ChannelSettings(
            channel="trade",
            orderer_organizations=(
                OrdererOrganization(
                    name="ordering", msp=MSP, endpoints=tuple(f"{name}:1" for name in endpoints)
                ),
            ),
            peer_organizations=(),
            consenters=tuple(_consenter(name, key, self.world.bft) for name, key in keys.items()),
            consensus=BFT if self.world.bft else ETCDRAFT,
            capabilities=level,
        )

    def channel(self) -> ChannelFacts:
        """What Channel knows: the answers of all consenters, which are all of this stack."""
        answers = {
            f"{name}:1": self.answer(name, node, any_date=False) for name, node in self.named if node.member
        }
        nodes = {f"{name}:1": name for name, _ in self.named}
        return ChannelFacts(name="trade", settings=self.live(), answers=answers, nodes=nodes)

    def joining(self) -> Refusal | None:
        """Return why orderers without the channel must not join it."""
        answers = {name: self.answer(name, node, any_date=False) for name, node in self.named if node.wanted}
        listed = [name for name, node in self.named if node.member]
        return joining_refusal("trade", answers, listed, SEQUENCE)

    def after(self, settings: ChannelSettings) -> World:
        """The world once these settings are in force: who is new has the ledger, as it followed before."""
        keys = {each.host: _key(each) for each in settings.consenters}
        (organization,) = settings.orderer_organizations
        made = [
            node._replace(
                member=name in keys,
                announced=f"{name}:1" in organization.endpoints,
                known=keys.get(name, node.known),
                ledger=node.ledger or (name in keys and not node.member),
            )
            for name, node in self.named
        ]
        # A node that has left the channel and the file is of no further interest.
        kept = [node for node in made if node.wanted or node.member or node.announced]
        return self.world.of(kept, raised=settings.capabilities == NEW)


def restart(world: World, rekeyed: bool) -> Restarted | Refused | None:
    """Do what Rollout does next; None: it is through. `rekeyed`: it knows which nodes get a new key.

    As Rollout it waits for nothing that is not well: an outdated node that others cannot spare, a node that
    does not come up.
    """
    view = _View(world)
    facts, nodes = view.facts(), dict(view.named)
    new = [name for name, node in nodes.items() if node.issued != node.key] if rekeyed else []
    chosen = next_restart(facts, new)
    if chosen is None:
        left = {each.name for each in facts if held_up(each, [other for other in facts if other is not each])}
        down = [name for name, node in nodes.items() if node.wanted and not node.up and name not in left]
        return Refused(f"{', '.join(down)}: not ready", "Look at its log.") if down else None
    others = [each for each in facts if each is not chosen]
    if why := restart_refusal(chosen, others):
        return Refused(why, restart_hint(others))
    before = nodes[chosen.name]
    after = before._replace(
        up=before.up or before.heals, outdated=False, expired=False, key=before.issued, old=False
    )
    error = "" if after.up or not waits_for(chosen, facts) else f"{chosen.name}: not ready"
    if serves_nobody(chosen) and after.up and not after.ledger and after.member:
        error = ""  # `back` asks for the channels that it has
    made = [after if name == chosen.name else node for name, node in nodes.items()]
    return Restarted(before, after, world.of(made), error)


def update(world: World) -> Updated | Refused | None:
    """Do what Channel does next; None: the channel is as wanted."""
    found = _next_update(world._replace(nodes=tuple(map(as_the_channel_sees, world.nodes))))
    return Updated(found, _View(world).after(found.settings)) if isinstance(found, Step) else found


@cache
def _next_update(world: World) -> Step | Refused | None:
    view = _View(world)
    facts = view.channel()
    if refusal := view.joining():
        return _words(refusal)
    todo = steps(facts.settings, view.target(), missing_consenters(facts, HEIGHT))
    return (_refusal(view, facts, todo[0]) or todo[0]) if todo else None


def _refusal(view: _View, facts: ChannelFacts, step: Step) -> Refused | None:
    if step.kind is Kind.CAPABILITY:
        wait = capability_wait(facts.settings, step.settings.capabilities, view.facts(), told={}, own={"M"})
        if wait.refusal is not None:
            return _words(wait.refusal)
    (ahead,) = outlook(facts, [step], HEIGHT)
    if found := ahead.refusal or key_in_use(facts, step):
        return _words(found)
    if step.kind in (Kind.ADD, Kind.REPLACE) and step.joins is not None:
        joiner = dict(view.named)[step.joins.host]
        if not joiner.up or joiner.expired or joiner.key != joiner.issued:
            return Refused(f"{step.joins.host} does not follow the channel", "Look at its log.")
    return None


def _words(refusal: Refusal) -> Refused:
    return Refused(refusal.reason, refusal.hint)


def _pod(node: Node) -> PodFacts:
    return PodFacts(ready=node.up, outdated=node.outdated, status="Running, not ready")


def _version(name: str, node: Node) -> str | NoAnswer:
    if not node.up:
        return NoAnswer(reason=f"{name} does not answer")
    return "v2.5.16" if node.old else "v3.1.5"


@cache
def _consenter(name: str, key: int, bft: bool) -> Consenter:
    pem = f"{name} {key}".encode()
    return Consenter(
        host=name,
        port=1,
        client_tls_certificate=pem,
        server_tls_certificate=pem,
        identity=pem if bft else b"",
    )


def _key(consenter: Consenter) -> int:
    return int(consenter.client_tls_certificate.decode().split()[-1])
