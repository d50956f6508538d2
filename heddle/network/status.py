"""Say how a network is: the facts of its nodes and chaincodes, judged, with what is wrong in a line each."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from heddle.configtx.settings import BFT
from heddle.fabric.definition import Definition
from heddle.network.certificates import Expired, ending_soon, expired_of_instance, expired_of_node
from heddle.network.facts import committed_definition, node_facts
from heddle.network.instance import ChaincodeOutput, InstanceOutput, NodeOutput
from heddle.network.network import Network
from heddle.planner.facts import Answer, LedgerState, NoAnswer, NodeFacts, missing_state, orders
from heddle.planner.health import slowness
from heddle.planner.margin import ChannelMargin, channel_margins
from heddle.releases import image_release, read_release

__all__ = [
    "Asked",
    "ChaincodeStatus",
    "ChannelNode",
    "InstanceStatus",
    "NodeStatus",
    "ask_nodes",
    "ask_status",
    "channel_nodes",
    "judge_chaincode",
    "judge_node",
    "status_of",
]


_MENDED = "`heddle refresh`, then `heddle up` mend it"
"""An `up` alone changes nothing: the state says that it is there."""
_RESTARTED = "`heddle up` restarts it, and it makes the state anew from its blocks"
_EXPLAINED = "`heddle refresh`, then `heddle preview` say what to do"
"""An `up` may refuse it: a consenter that lost its ledger must not return, a sequence does not go back."""


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """Describe a node: its answers, and what is wrong with it."""

    name: str
    kind: str
    organization: str
    address: str
    """The name and port on the ledger, where the node answers inside the cluster."""
    public_endpoint: str
    """The address at which it answers outside; empty = none."""
    version: str
    """Fabric's version; empty if the operations endpoint did not answer."""
    image: str
    """The image that it is to run; empty where an earlier release of Heddle deployed it."""
    certificate_expires: str
    """When the TLS certificate that it presents expires or expired (ISO 8601); empty if none was seen."""
    heights: Mapping[str, int]
    """Number of blocks by channel."""
    roles: Mapping[str, str]
    """Orderers: relation and status by channel, `consenter/active`."""
    summary: str
    """The first problem and what to do about it, in one line; empty if there is none."""
    problems: tuple[str, ...]
    """Everything that is wrong, in the node's own words."""

    @property
    def release(self) -> str:
        """Return the version as it runs, with that of the image where this is another one."""
        claimed = image_release(self.kind, self.image)
        running = read_release(self.version)
        if claimed is None or claimed.covers(running):
            return self.version
        return f"{self.version or 'unknown'}, to be {claimed}"


@dataclass(frozen=True, kw_only=True)
class ChaincodeStatus:
    """Describe a chaincode: as deployed, and what is wrong with it on its channel."""

    name: str
    channel: str
    version: str
    sequence: int
    summary: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class ChannelNode:
    """Describe a node on one channel. `height` 0 and `trouble` set: it did not answer, and why."""

    node: str
    role: str
    """`consenter`, `follower` … for orderers, `peer` for peers."""
    state: str
    """`active`, `onboarding` … for orderers, `joined` for peers; `not joined`, `no answer`."""
    height: int
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class InstanceStatus:
    """Describe a whole instance at one moment."""

    name: str
    namespace: str
    standin: bool
    nodes: tuple[NodeStatus, ...]
    chaincodes: tuple[ChaincodeStatus, ...]
    expired: tuple[str, ...] = ()
    """Authorities and clients' certificates that have expired, each with what heals it."""
    ending: str = ""
    """How many certificates end soon, and the first of them; empty if none does."""
    margins: tuple[ChannelMargin, ...] = ()
    """What each channel can lose before it stops ordering."""
    silent: bool = False
    """Whether no node told anything."""

    @property
    def healthy(self) -> bool:
        """Tell whether everything answered, and as it should."""
        problems = [*(each.problems for each in self.nodes), *(each.problem for each in self.chaincodes)]
        return not any([*problems, *self.expired])

    def plain(self) -> dict[str, Any]:
        """Return the status as JSON has it."""
        margins = [each.plain() for each in self.margins]
        return {"healthy": self.healthy, **asdict(self), "margins": margins}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Hold what all nodes answered, and the definitions in force of the instance's chaincodes, in order."""

    facts: tuple[NodeFacts, ...]
    definitions: tuple[Definition | NoAnswer | None, ...]


async def ask_status(network: Network, *, deadline: float) -> InstanceStatus:
    """Ask every node of a network at the same time, `deadline` seconds each, and judge the answers."""
    return status_of(network.instance, await ask_nodes(network, deadline=deadline))


async def ask_nodes(network: Network, *, deadline: float) -> Asked:
    """Ask every node of a network at the same time, `deadline` seconds each."""
    instance = network.instance
    async with network.connections(None) as connections:
        facts = await node_facts(
            network, connections, list(instance.channels), deadline=deadline, versions=True
        )
        # Asked afterwards: the facts tell which peer has the most blocks, and who need not be asked.
        definitions = await asyncio.gather(
            *(
                committed_definition(network, connections, each, facts, deadline=deadline)
                for each in _chaincodes(instance)
            )
        )
    return Asked(facts=facts, definitions=tuple(definitions))


def _chaincodes(instance: InstanceOutput) -> list[ChaincodeOutput]:
    return [on for each in instance.chaincodes.values() for on in each.by_channel().values()]


def status_of(instance: InstanceOutput, asked: Asked) -> InstanceStatus:
    """Judge what the nodes of an instance answered."""
    nodes, facts = (*instance.orderers, *instance.peers), asked.facts
    return InstanceStatus(
        name=instance.name,
        namespace=instance.namespace,
        standin=instance.standin,
        nodes=tuple(map(judge_node, nodes, facts)),
        chaincodes=tuple(map(judge_chaincode, _chaincodes(instance), asked.definitions)),
        expired=tuple(f"{each}; {each.remedy}" for each in expired_of_instance(instance)),
        ending=ending_soon(instance),
        margins=channel_margins(facts, list(instance.channels), bft=instance.consensus == BFT),
        silent=not any(map(_told_something, facts)),
    )


def _told_something(facts: NodeFacts) -> bool:
    shown = facts.certificate is not None or (isinstance(facts.version, str) and bool(facts.version))
    return shown or any(not isinstance(answer, NoAnswer) for answer in facts.channels.values())


def judge_node(node: NodeOutput, facts: NodeFacts) -> NodeStatus:
    """Return a node's status: every answer that is missing or not as it should be is a problem."""
    expired = tuple(expired_of_node(node, facts))
    problems = tuple(_problems(facts, expired))
    states = {
        channel: answer for channel, answer in facts.channels.items() if isinstance(answer, LedgerState)
    }
    return NodeStatus(
        name=node.name,
        kind=facts.kind,
        organization=node.organization,
        address=facts.address,
        public_endpoint=node.public_endpoint,
        version=facts.version if isinstance(facts.version, str) else "",
        image=node.image or "",
        certificate_expires=facts.certificate.not_after.isoformat() if facts.certificate else "",
        heights={channel: state.height for channel, state in states.items()},
        roles={
            channel: f"{state.relation}/{state.status}"
            for channel, state in states.items()
            if facts.kind == "orderer"
        },
        summary=_summary(facts, problems, expired),
        problems=tuple(dict.fromkeys(each.whole for each in problems)),
    )


def judge_chaincode(wanted: ChaincodeOutput, found: Definition | NoAnswer | None) -> ChaincodeStatus:
    """Return a chaincode's status: the definition in force on its channel must be the one deployed."""
    problem, advice = "", ""
    if isinstance(found, NoAnswer):
        problem = found.reason
    elif found is None:
        problem, advice = f"not committed on {wanted.channel}", f"; {_MENDED}"
    elif (found.version, found.sequence) != (wanted.version, wanted.sequence):
        problem = f"the channel has version {found.version}, sequence {found.sequence}"
        advice = f"; {_EXPLAINED}"
    return ChaincodeStatus(
        name=wanted.name,
        channel=wanted.channel,
        version=wanted.version,
        sequence=wanted.sequence,
        summary=_brief(found) if isinstance(found, NoAnswer) else problem + advice,
        problem=problem,
    )


def channel_nodes(facts: Iterable[NodeFacts], channel: str) -> tuple[ChannelNode, ...]:
    """Return the nodes that were asked about a channel, as they are on it."""
    return tuple(_channel_node(node, node.channels[channel]) for node in facts if channel in node.channels)


def _channel_node(node: NodeFacts, answer: Answer) -> ChannelNode:
    if isinstance(answer, LedgerState):
        return ChannelNode(node=node.name, role=answer.relation, state=answer.status, height=answer.height)
    state, trouble = ("no answer", _brief(answer)) if answer else ("not joined", "")
    return ChannelNode(node=node.name, role=node.kind, state=state, height=0, trouble=trouble)


@dataclass(frozen=True, kw_only=True)
class _Problem:
    """Describe something wrong with a node: in a few words, and whole."""

    brief: str
    whole: str


def _problems(facts: NodeFacts, expired: Sequence[Expired]) -> Iterator[_Problem]:
    for each in expired:
        yield _Problem(brief=f"{each}; {each.remedy}", whole=str(each))
    if isinstance(facts.version, NoAnswer):
        yield _Problem(brief=f"version: {_brief(facts.version)}", whole=facts.version.reason)
    for channel, answer in facts.channels.items():
        if isinstance(answer, NoAnswer):
            yield _Problem(brief=f"{channel}: {_brief(answer)}", whole=answer.reason)
        elif answer is None:
            words = f"{channel}: not joined"
            yield _Problem(brief=f"{words}; {_MENDED if facts.kind == 'peer' else _EXPLAINED}", whole=words)
        elif facts.kind == "orderer" and not orders(answer):
            words = f"{channel}: {answer.relation}/{answer.status}, not consenter/active"
            yield _Problem(brief=f"{words}; `heddle channel show` says who orders", whole=words)
        elif isinstance(answer.state_height, NoAnswer):
            words = f"{channel}: its database: "
            yield _Problem(
                brief=words + _brief(answer.state_height), whole=words + answer.state_height.reason
            )
        elif words := missing_state(answer):
            yield _Problem(brief=f"{channel}: {words}; {_RESTARTED}", whole=f"{channel}: {words}")


def _summary(facts: NodeFacts, problems: Sequence[_Problem], expired: Sequence[Expired]) -> str:
    """Return one line: of a silent node its silence, else what is wrong first and how much more there is.

    An expired certificate is the reason of all else.
    """
    if not problems:
        return ""
    answers = [*facts.channels.values(), *([facts.version] if facts.version else [])]
    if slow := slowness(facts):
        return f"slow: {slow}. Ask again; is the machine busy?"
    silent = [answer for answer in answers if isinstance(answer, NoAnswer)]
    if len(silent) == len(answers) and not expired:
        return f"does not answer: {_brief(silent[0])}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{problems[0].brief}{more}"


def _brief(answer: NoAnswer) -> str:
    """Return the cause in one line, with what to do."""
    cause = " ".join((answer.cause or answer.reason).split()).rstrip(".")
    return f"{cause}. {answer.hint}" if answer.hint else cause
