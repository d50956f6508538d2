"""Read policies as people write them: `AND('A.peer', OR('B.peer', 'C.peer'))`, `MAJORITY Admins`.

All organizations of a channel must approve the same bytes, so principals are numbered as Fabric numbers them:
inner gates first, then a gate's own principals from left to right, repetitions included. Source:
common/policydsl/policyparser.go, common/policies/implicitmetaparser.go (Fabric 3.1.5).

The words: AND(…), OR(…) and OutOf(n, …), around each other and around principals `'<MSP id>.<role>'` in
single or double quotes. Fabric 3 runs the text as a program of a general language (sums and comparisons would
work too, and lower-case `and` and `or` are operators, which no call can begin with); Heddle reads what
Fabric's documentation describes and nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fabric_protos.common import policies_pb2

from heddle.configtx.members import principal_text
from heddle.configtx.roles import role_principal
from heddle.errors import ConfigtxError

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "expression_of", "parse_expression", "parse_implicit_meta"]

MAX_LENGTH: Final = 16_384
"""Characters: five hundred principals with long names."""
MAX_DEPTH: Final = 16
"""Gates inside gates. Every reader of the bytes has a limit of its own; none is below this."""

_TOKEN: Final = re.compile(
    r"[ \t\r\n]*(?:(?P<name>[A-Za-z]+)|(?P<number>[0-9]+)|(?P<quoted>'[^']*'|\"[^\"]*\")|(?P<mark>[(),]))"
)
_PRINCIPAL: Final = re.compile(r"([A-Za-z0-9.-]+)\.(admin|member|client|peer|orderer)")
_GATES: Final = {
    **dict.fromkeys(("AND", "And"), "And"),
    **dict.fromkeys(("OR", "Or"), "Or"),
    **dict.fromkeys(("OutOf", "OUTOF", "outof"), "OutOf"),
}
_HELP: Final = (
    "Write for example OR('A.peer', AND('B.peer', 'C.peer')) or OutOf(2, 'A.peer', 'B.peer', 'C.peer')."
)
_RULES: Final = ("ALL", "ANY", "MAJORITY")
_ALLOWED: Final = {
    "name": "AND, OR or OutOf",
    "number": "a number",
    "quoted": "a quoted principal such as 'Org1MSP.peer'",
}


def parse_expression(text: str) -> policies_pb2.SignaturePolicyEnvelope:
    """Return the signature policy that a text describes, with the bytes that Fabric's own parser makes.

    Raises:
        ConfigtxError: the text is no policy; says where, what was found and what is allowed there.
    """
    if len(text) > MAX_LENGTH:
        raise ConfigtxError(f"a policy of {len(text)} characters: expected at most {MAX_LENGTH}", hint=_HELP)
    reader = _Reader(text)
    call = reader.gate(depth=1)
    reader.end()
    envelope = policies_pb2.SignaturePolicyEnvelope(version=0)
    # In two steps: a rule's principals have their numbers only after the gates inside it have theirs.
    envelope.rule.CopyFrom(_numbered(call, envelope))
    return envelope


def expression_of(envelope: policies_pb2.SignaturePolicyEnvelope) -> str:
    """Return a signature policy as text.

    `parse_expression` reads it back to the same bytes if it came from there. Principals that the language has
    no words for (an organizational unit, one certain identity) and a rule without a gate are written for
    people only.

    Raises:
        ConfigtxError: the policy cannot be read: a number without a principal, or gates nested too deep.
    """
    return _written(envelope.rule, [f"'{principal_text(one)}'" for one in envelope.identities], MAX_DEPTH)


def parse_implicit_meta(text: str) -> policies_pb2.ImplicitMetaPolicy:
    """Read `MAJORITY Admins`: how many groups below must agree, each by its policy of that name.

    Raises:
        ConfigtxError: not a rule, one space, and a policy's name.
    """
    rule, *names = text[:MAX_LENGTH].split(" ")
    if rule not in _RULES or len(names) != 1 or not names[0]:
        raise ConfigtxError(
            f"policy {_short(text)}: expected ALL, ANY or MAJORITY, one space, and the name of a policy",
            hint="Write for example MAJORITY Admins.",
        )
    number = policies_pb2.ImplicitMetaPolicy.Rule.Value(rule)
    return policies_pb2.ImplicitMetaPolicy(rule=number, sub_policy=names[0])


@dataclass(frozen=True)
class _Call:
    """Hold one gate of an expression before its principals have numbers."""

    count: int
    arguments: "tuple[_Call | str, ...]"


class _Reader:
    """A policy's text, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._start = 0

    def gate(self, depth: int) -> _Call:
        """Read a gate with all that is in it, `depth` levels below the top."""
        word = self._next("name")[1]
        if word not in _GATES:
            raise self._error(f"{word!r} is none of AND, OR, OutOf")
        if depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} gates inside each other")
        where = self._start
        self._mark("(")
        gate, count = _GATES[word], 1
        if gate == "OutOf":
            count = self._count()
            self._mark(",")
        arguments = tuple(self._arguments(depth))
        if gate == "And":
            count = len(arguments)
        # Fabric lets one more than there are pass: a policy that nobody can satisfy.
        if count > len(arguments) + 1:
            self._start = where
            raise self._error(f"{count} out of {len(arguments)}: expected 0 to {len(arguments)}")
        return _Call(count, arguments)

    def end(self) -> None:
        """Refuse whatever follows the end of an expression."""
        rest = self._text[self._position :]
        if rest.strip():
            self._start = self._position + len(rest) - len(rest.lstrip())
            raise self._error(f"found {rest.strip()[:20]!r} after the last bracket, expected nothing")

    def _arguments(self, depth: int) -> "Iterator[_Call | str]":
        mark = ","
        while mark == ",":
            before = self._position
            kind, text = self._next("name", "quoted")
            if kind == "name":
                self._position = before
                yield self.gate(depth + 1)
            elif _PRINCIPAL.fullmatch(text[1:-1]):
                yield text[1:-1]
            else:
                raise self._error(
                    f"{_short(text)} is no principal: expected '<MSP id>.<role>', the id of letters, digits, "
                    "'.' and '-', the role one of member, admin, client, peer, orderer"
                )
            mark = self._mark(",", ")")

    def _count(self) -> int:
        text = self._next("number")[1]
        if len(text) > len(str(MAX_LENGTH)):
            raise self._error(f"the number {_short(text)} is too large")
        return int(text)

    def _mark(self, *allowed: str) -> str:
        match = _TOKEN.match(self._text, self._position)
        if match is None or match["mark"] not in allowed:
            raise self._unexpected(" or ".join(repr(mark) for mark in allowed))
        self._position = match.end()
        return match["mark"]

    def _next(self, *kinds: str) -> tuple[str, str]:
        """Return the kind and the text of the next token, which must be of one of these kinds."""
        match = _TOKEN.match(self._text, self._position)
        kind = match.lastgroup if match else None
        if match is None or kind is None or kind not in kinds:
            raise self._unexpected(" or ".join(_ALLOWED[kind] for kind in kinds))
        self._start, self._position = match.start(kind), match.end()
        return kind, match[kind]

    def _unexpected(self, expected: str) -> ConfigtxError:
        rest = self._text[self._position :]
        self._start = self._position + len(rest) - len(rest.lstrip())
        found = repr(rest.lstrip()[:20]) if rest.strip() else "the end"
        return self._error(f"found {found}, expected {expected}")

    def _error(self, problem: str) -> ConfigtxError:
        return ConfigtxError(
            f"policy {_short(self._text)}, character {self._start + 1}: {problem}", hint=_HELP
        )


def _numbered(call: _Call, envelope: policies_pb2.SignaturePolicyEnvelope) -> policies_pb2.SignaturePolicy:
    inner = iter([_numbered(one, envelope) for one in call.arguments if isinstance(one, _Call)])
    rule = policies_pb2.SignaturePolicy()
    rule.n_out_of.n = call.count
    for argument in call.arguments:
        if isinstance(argument, _Call):
            rule.n_out_of.rules.append(next(inner))
        else:
            rule.n_out_of.rules.add(signed_by=len(envelope.identities))
            msp_id, _, role = argument.rpartition(".")
            envelope.identities.append(role_principal(msp_id, role))
    return rule


def _written(rule: policies_pb2.SignaturePolicy, principals: list[str], depth: int) -> str:
    kind = rule.WhichOneof("Type")
    if kind is None:
        raise ConfigtxError("a signature policy has an empty rule")
    if kind == "signed_by":
        if not 0 <= rule.signed_by < len(principals):
            raise ConfigtxError(
                f"a signature policy names principal {rule.signed_by}, but has {len(principals)} of them"
            )
        return principals[int(rule.signed_by)]
    if depth == 0:
        raise ConfigtxError(f"a signature policy has more than {MAX_DEPTH} gates inside each other")
    parts = [_written(sub, principals, depth - 1) for sub in rule.n_out_of.rules]
    if rule.n_out_of.n == 1 and parts:
        return f"OR({', '.join(parts)})"
    if rule.n_out_of.n == len(parts) and parts:
        return f"AND({', '.join(parts)})"
    return f"OutOf({', '.join([str(rule.n_out_of.n), *parts])})"


def _short(text: str) -> str:
    return repr(text if len(text) <= 120 else text[:117] + "…")
