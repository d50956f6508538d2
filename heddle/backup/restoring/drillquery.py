"""Ask a chaincode in a drill: the state that a backup makes answers, through the chaincode's own server."""

import shlex
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heddle.backup.confirmation import Progress
from heddle.errors import BackupError, HeddleError
from heddle.fabric import gateway, installation
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.network import Network
from heddle.plugin.values import reveal
from heddle.schema.chaincode import CHAINCODE_INSTALLATION
from heddle.state.resource import Resource
from heddle.waiting import Deadline, retry

__all__ = ["DrillQueries", "Package", "Query", "QueryProof", "expect_chaincodes", "packages_in", "read_query"]

_USER = "user"
_LONGEST = 80
"""Characters of an answer that an error shows."""
_LIVING = 10.0
"""Seconds for the network that lives to answer: it may be lost."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """Hold a question: a chaincode's name, its function and arguments."""

    chaincode: str
    call: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as it was asked for."""
        return shlex.join((self.chaincode, *self.call))


@dataclass(frozen=True, kw_only=True)
class Package:
    """Hold a chaincode package that a peer has installed."""

    label: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class QueryProof:
    """Say what a chaincode answered.

    peers: those of the drill, which all gave this answer.
    living: what the network that lives answers now; None where it does not answer.
    """

    query: str
    channel: str
    answer: str
    peers: tuple[str, ...]
    living: str | None


def read_query(text: str) -> Query:
    """Return the question in `CHAINCODE FUNCTION ARGUMENT…`, quoted as in a shell. Raises BackupError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _no_query(text, str(error)) from None
    if len(words) < 2:
        raise _no_query(text, "a chaincode and a function are expected")
    return Query(chaincode=words[0], call=tuple(words[1:]))


def _no_query(text: str, why: str) -> BackupError:
    return BackupError(f"--query {text!r}: {why}", hint="For example: --query 'assets get car-1'")


def expect_chaincodes(network: Network, queries: Iterable[Query]) -> None:
    """Raise BackupError for a question to a chaincode that the backup's stack does not have."""
    known = network.instance.chaincodes
    for each in queries:
        if each.chaincode not in known:
            raise BackupError(
                f"--query {str(each)!r}: the instance in the backup has no chaincode {each.chaincode}",
                hint=f"It has: {', '.join(sorted(known)) or 'none'}",
            )


def packages_in(resources: Iterable[Resource]) -> dict[str, list[Package]]:
    """Return the packages that a state has installed, by the peer's name."""
    found: dict[str, list[Package]] = {}
    for each in resources:
        if each.type == CHAINCODE_INSTALLATION.type and not each.delete:
            inputs: Mapping[str, Any] = reveal(each.inputs)
            package = Package(label=str(inputs["label"]), content=b64decode(inputs["package"]))
            found.setdefault(str(inputs["peer"]["name"]), []).append(package)
    return found


@dataclass(frozen=True, kw_only=True)
class DrillQueries:
    """Ask chaincodes of a drill.

    drilled, living: the drill's network, and the one that the backup was made of.
    packages: what the peers have installed, by their names.
    """

    drilled: Network
    living: Network
    connections: Connections
    packages: Mapping[str, Sequence[Package]]
    patience: float
    progress: Progress

    async def prove(self, query: Query) -> list[QueryProof]:
        """Ask all peers of a drill on each of the chaincode's channels, and the network that lives.

        Raises BackupError where two peers answer differently, FabricError where one does not in time.
        """
        proofs, clock = [], Deadline(self.patience)
        for channel in self.drilled.instance.chaincode(query.chaincode).by_channel():
            answers = {
                peer.name: await self._answer(peer, admin, user, channel, query, clock)
                for peer, admin, user in _peers(self.drilled, channel)
            }
            if answers:
                _expect_one(channel, query, answers)
                proofs.append(
                    QueryProof(
                        query=str(query),
                        channel=channel,
                        answer=_text(next(iter(answers.values()))),
                        peers=tuple(answers),
                        living=await _living(self.living, channel, query),
                    )
                )
        return proofs

    async def _answer(
        self, peer: Node, admin: Signer, user: Signer, channel: str, query: Query, clock: Deadline
    ) -> bytes:
        self.progress(f"channel {channel}: asking {peer.name}: {query}")
        for each in self.packages.get(peer.name, ()):
            await installation.install(
                self.connections, peer, each.label, each.content, admin, deadline=clock.left()
            )

        async def ask(left: float) -> bytes:
            return await gateway.evaluate(
                self.connections, peer, user, channel, query.chaincode, query.call, deadline=left
            )

        # Gossip says after a moment that the peer has the chaincode.
        return await retry(ask, lambda error: "no peers available" in error.message, deadline=clock)


def _peers(network: Network, channel: str) -> list[tuple[Node, Signer, Signer]]:
    """Return the peers of a channel, each with its organization's administrator and user."""
    return [
        (peer, each.signer, network.signer(each.organization.name, _USER))
        for each in network.representatives(channel)
        for peer in each.peers
    ]


def _expect_one(channel: str, query: Query, answers: Mapping[str, bytes]) -> None:
    first = next(iter(answers))
    for peer, answer in answers.items():
        if answer != answers[first]:
            raise BackupError(
                f"channel {channel}: {peer} answers {query} otherwise than {first}: {_shown(answer)}, not "
                f"{_shown(answers[first])}",
                hint="Their states differ, or the chaincode answers by what is private: ask for what is not.",
            )


async def _living(network: Network, channel: str, query: Query) -> str | None:
    """Return what the network that lives answers; None where no peer of it does."""
    for peer, _, user in _peers(network, channel):
        try:
            async with network.connections() as connections:
                return _text(
                    await gateway.evaluate(
                        connections, peer, user, channel, query.chaincode, query.call, deadline=_LIVING
                    )
                )
        except HeddleError:
            continue
    return None


def _text(answer: bytes) -> str:
    return answer.decode(errors="replace")


def _shown(answer: bytes) -> str:
    text = _text(answer)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
