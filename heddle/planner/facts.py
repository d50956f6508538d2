"""Hold what is known about the nodes and channels of a running network: facts, asked elsewhere, judged here.

`heddle.network` asks nodes and fills these in. The planner decides by them and asks nobody. A fact that could
not be found out is kept as `NoAnswer` with its reason, never left out: unknown does not count as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeGuard

from heddle.configtx.settings import BFT, ChannelSettings
from heddle.planner.remedies import ENDED, RENEW
from heddle.text import sentence

__all__ = [
    "LEVEL_BLOCKS",
    "Answer",
    "CertificateFacts",
    "ChannelFacts",
    "ConsensusCounts",
    "LedgerState",
    "NoAnswer",
    "NodeFacts",
    "PodFacts",
    "Refusal",
    "describe",
    "is_active",
    "is_level",
    "leads",
    "missing_state",
    "newest_height",
    "orders",
]

LEVEL_BLOCKS = 1
"""Blocks that a node may lack of the others and still count as level.

The others commit the next block a moment earlier. More would hide a node that stands still on a quiet one.
A busy channel does not need more either: nodes are asked again until they have what the others had at first.
"""


def is_level(height: int, newest: int) -> bool:
    """Tell whether a node of this height has what a node of height `newest` had when it was asked before."""
    return height + LEVEL_BLOCKS >= newest


@dataclass(frozen=True, kw_only=True)
class ConsensusCounts:
    """Count a channel's consenters, and how many of them live, as an orderer's metrics say; 0: unknown.

    Nodes that have just come, or that are leaving, make these other numbers than that of the nodes. Only
    Raft's leader tells how many live.
    """

    consenters: int = 0
    alive: int = 0
    bft: bool = False


@dataclass(frozen=True, kw_only=True)
class LedgerState:
    """Describe a node's copy of one channel as the node itself does.

    relation: `consenter`, `follower`, `config-tracker` or `other` for an orderer, `peer` for a peer.
    status: `active`, `onboarding`, `inactive` or `failed` for an orderer, `joined` for a peer.
    height: number of blocks.
    leader: whether the node says that it leads the channel.
    view: number of BFT's view, which says who leads; None with Raft, and where the node does not tell.
    newest_hash: hash of the newest block's header; empty if it was not asked for.
    state_height: number of blocks that have made the state in the peer's database, or why that is not known;
        None for a node whose state is on its own volume, and where nobody may ask.
    """

    relation: str
    status: str
    height: int
    leader: bool = False
    view: int | None = None
    counts: ConsensusCounts = field(default_factory=ConsensusCounts)
    newest_hash: bytes = b""
    state_height: "int | NoAnswer | None" = None


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """Say why a node's state is not known: the node was silent, or refused to tell.

    reason: the whole story: the node, what was asked, and what came instead.
    cause: what broke the way to the node, or its refusal, in a few words.
    hint: what to do.
    refused: whether the node itself refused to tell: asking again changes nothing.
    late: whether only the time was over, while nothing says that the way to the node is broken.
    """

    reason: str
    cause: str = ""
    hint: str = ""
    refused: bool = False
    late: bool = False

    def __str__(self) -> str:
        return f"{self.reason}\n  {self.hint}" if self.hint else self.reason


Answer = LedgerState | NoAnswer | None
"""A node's answer about a channel; None: the node itself says that it does not have the channel."""


@dataclass(frozen=True, kw_only=True)
class PodFacts:
    """Describe a node's pod: whether it is ready, whether it runs an old template, and its state in words."""

    ready: bool
    outdated: bool
    status: str = ""


@dataclass(frozen=True, kw_only=True)
class CertificateFacts:
    """Describe the TLS certificate that a node presents, with the key that was issued to it.

    Node and clients refuse each other once it has expired; only connections that were open before go on.
    """

    not_after: datetime
    expired: bool
    authority_expired: bool = False
    """Whether its TLS authority has expired, too: then no renewal makes it valid."""

    @property
    def remedy(self) -> str:
        """Return what to do about an expired certificate."""
        if self.authority_expired:
            return f"Its authority has ended, too: {ENDED}."
        return sentence(RENEW)

    def __str__(self) -> str:
        word = "expired" if self.expired else "expires"
        return f"its TLS certificate {word} on {self.not_after:%Y-%m-%d at %H:%M:%S} UTC"


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """Gather what is known of one node. Facts that nobody asked for keep their defaults."""

    name: str
    kind: Literal["orderer", "peer"]
    address: str = ""
    """`host:port` as the ledger names it."""
    msp_id: str = ""
    channels: Mapping[str, Answer] = field(default_factory=dict)
    """The node's answers by channel; a channel that is missing here was not asked about."""
    silent: NoAnswer | None = None
    """The reason why the node could not be asked at all."""
    pod: PodFacts | None = None
    version: str | NoAnswer = ""
    """Fabric's version as the operations endpoint says; empty: not asked."""
    certificate: CertificateFacts | None = None
    """The TLS certificate that the node presents; None: not asked, or not seen."""
    leaves: bool = False
    """Whether the stack file has the node no more: it may still order, and nobody waits for it."""

    @property
    def ready(self) -> bool:
        """Tell whether the node's pod is there and ready."""
        return self.pod is not None and self.pod.ready

    @property
    def leads_any(self) -> bool:
        """Tell whether the node says that it leads one of its channels."""
        return any(map(leads, self.channels.values()))

    @property
    def expired_certificate(self) -> CertificateFacts | None:
        """Return the certificate that the node presents, if it has expired."""
        return self.certificate if self.certificate is not None and self.certificate.expired else None

    @property
    def held_channels(self) -> tuple[str, ...]:
        """Return the channels of which the node does not say itself that it lacks them."""
        return tuple(name for name, answer in self.channels.items() if answer is not None)


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """Describe a channel: its configuration in force, and the consenters' answers by their `host:port`.

    sequence: the configuration's number; 0 is the genesis.
    answers: of the consenters that this stack names; other organizations' consenters are not asked.
    nodes: names of nodes by the `host:port` of their consenters, for messages.
    """

    name: str
    settings: ChannelSettings
    sequence: int = 0
    answers: Mapping[str, Answer] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)

    @property
    def bft(self) -> bool:
        """Tell whether the channel orders by BFT; otherwise by Raft."""
        return self.settings.consensus == BFT


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Say why a step must not be taken now, and what to do instead."""

    reason: str
    hint: str


def orders(answer: Answer) -> TypeGuard[LedgerState]:
    """Tell whether an orderer says that it orders the channel."""
    return is_active(answer) and answer.relation == "consenter"


def is_active(answer: Answer) -> TypeGuard[LedgerState]:
    """Tell whether a node serves the channel: an orderer that is active, also as a follower, or a peer.

    A consenter that has just been removed may know it before the others hand out that block.
    """
    return isinstance(answer, LedgerState) and answer.status in {"active", "joined"}


def leads(answer: Answer) -> TypeGuard[LedgerState]:
    """Tell whether an orderer says that it leads the channel."""
    return isinstance(answer, LedgerState) and answer.leader


def missing_state(answer: Answer) -> str:
    """Return in words what a peer's database lacks of a channel's state; empty if nothing, or if unknown.

    A running peer does not see that its database was lost or put back to an older state: it makes the state
    anew from its blocks when it starts.
    """
    if not isinstance(answer, LedgerState) or not isinstance(answer.state_height, int):
        return ""
    if answer.state_height and is_level(answer.state_height, answer.height):
        return ""
    return f"its database has the state of {answer.state_height} of {answer.height} blocks"


def newest_height(answers: Iterable[Answer]) -> int:
    """Return the greatest height among nodes that have the channel; 0 if none has it."""
    return max((answer.height for answer in answers if isinstance(answer, LedgerState)), default=0)


def describe(answer: Answer) -> str:
    """Return an answer in words, for messages."""
    if answer is None:
        return "does not have the channel"
    if isinstance(answer, NoAnswer):
        return answer.reason
    return f"{answer.relation}, {answer.status}"
