"""Check endorsement and collection policies: expressions that can be read and satisfied, about members.

The parser is loaded where a file has an expression: it brings protobuf and cryptography, and most have none.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from heddle.errors import ConfigtxError
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Place, listed, problem

if TYPE_CHECKING:
    from fabric_protos.common import policies_pb2
    from fabric_protos.msp import msp_principal_pb2


def broken_expression(place: Place, text: str, *, only_or: bool = False) -> Iterator[Problem]:
    """Yield problems with an expression by itself; `only_or`: as Fabric wants that of a collection."""
    try:
        envelope = _parsed(text)
    except ConfigtxError as error:
        yield problem(place, text, f"a policy; {_reason(error)}", error.hint)
        return
    if impossible := _impossible(envelope.rule):
        yield problem(place, text, impossible)
    if only_or and not _only_or(envelope.rule):
        allowed = "OR alone: every organization that is named holds the data"
        yield problem(place, text, allowed, "For example OR('Org1MSP.member', 'Org2MSP.member').")


def endorsable(place: Place, text: str, peers: Mapping[str, int] | None) -> Iterator[Problem]:
    """Yield a problem if an expression that can be read is not for a channel's peers to satisfy.

    `peers` says how many of each member's (by MSP id) are on the channel; None = the channel is not known.
    """
    if strangers := [*strangers_in(place, text, peers)]:
        yield from strangers
        return
    try:
        envelope = _parsed(text)
    except ConfigtxError:
        return
    if peers is None or _impossible(envelope.rule) or _signed(envelope, peers):
        return
    counts = ", ".join(f"{msp_id} {count}" for msp_id, count in sorted(peers.items()))
    allowed = f"a policy that the channel's peers can satisfy, who sign as peer or member: {counts}"
    yield problem(place, text, allowed, "With this one every transaction would be invalid.")


def _signed(envelope: "policies_pb2.SignaturePolicyEnvelope", peers: Mapping[str, int]) -> bool:
    """Tell whether the signatures of all these peers satisfy a policy.

    As common/cauthdsl/cauthdsl.go (Fabric 3.1.5) does: no signature counts twice, and gates take signatures
    in their order.
    """
    principals = _principals(envelope)

    def left_by(rule: "policies_pb2.SignaturePolicy", left: Mapping[str, int]) -> Mapping[str, int] | None:
        """Return how many peers have not signed yet when the rule is satisfied; None if it is not."""
        if rule.WhichOneof("Type") == "signed_by":
            who = principals[rule.signed_by]
            count = left.get(who.msp_identifier, 0) if who.role in (who.MEMBER, who.PEER) else 0
            return {**left, who.msp_identifier: count - 1} if count else None
        satisfied = 0
        for inner in rule.n_out_of.rules:
            after = left_by(inner, left)
            if after is not None:
                satisfied, left = satisfied + 1, after
        return left if satisfied >= rule.n_out_of.n else None

    return left_by(envelope.rule, peers) is not None


def roles_in(text: str) -> set[str]:
    """Return the roles that an expression names, as it writes them; none if it cannot be read."""
    try:
        principals = _principals(_parsed(text))
    except ConfigtxError:
        return set()
    return {each.MSPRoleType.Name(each.role).lower() for each in principals}


def strangers_in(place: Place, text: str, msp_ids: Collection[str] | None) -> Iterator[Problem]:
    """Yield a problem if an expression that can be read names others than a channel's members.

    `msp_ids` are those of the members; None = the channel is not known.
    """
    strangers = sorted(msp_ids_in(text) - set(msp_ids)) if msp_ids is not None else []
    if strangers and msp_ids is not None:
        allowed = f"MSP ids of the channel: {listed(sorted(msp_ids))}; not {listed(strangers)}"
        yield problem(place, text, allowed)


def msp_ids_in(text: str) -> set[str]:
    """Return the MSP ids that an expression names; none if it cannot be read."""
    try:
        return {each.msp_identifier for each in _principals(_parsed(text))}
    except ConfigtxError:
        return set()


def _parsed(text: str) -> "policies_pb2.SignaturePolicyEnvelope":
    # Loaded here: it brings protobuf and cryptography, and most files have no expression.
    from heddle.configtx.expression import parse_expression

    return parse_expression(text)


def _principals(envelope: "policies_pb2.SignaturePolicyEnvelope") -> "list[msp_principal_pb2.MSPRole]":
    # Loaded here for the same reason.
    from fabric_protos.msp import msp_principal_pb2

    return [msp_principal_pb2.MSPRole.FromString(each.principal) for each in envelope.identities]


def _reason(error: ConfigtxError) -> str:
    """Return the parser's message without the text, which the problem shows already."""
    words = str(error).split("\n")[0]
    _, character, rest = words.partition(", character ")
    return f"character {rest}" if character else words


def _only_or(rule: "policies_pb2.SignaturePolicy") -> bool:
    if rule.WhichOneof("Type") == "signed_by":
        return True
    return rule.n_out_of.n == 1 and all(_only_or(inner) for inner in rule.n_out_of.rules)


def _impossible(rule: "policies_pb2.SignaturePolicy") -> str:
    """Return why the rule is satisfied never or always; empty if neither."""
    if rule.WhichOneof("Type") == "signed_by":
        return ""
    count, rules = rule.n_out_of.n, rule.n_out_of.rules
    if count > len(rules):
        return f"a policy that can be satisfied: {count} out of {len(rules)} cannot"
    if count < 1:
        return "a policy that asks for somebody: 0 out of any are always there"
    return next(filter(None, map(_impossible, rules)), "")
