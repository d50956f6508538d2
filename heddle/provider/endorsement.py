"""Endorsement policies: from the text that people write to the bytes that organizations approve, and back.

All organizations of a channel must approve the same bytes, so the order in which principals are numbered is
Fabric's, repetitions included. Source: common/policydsl/policyparser.go (Fabric 3.1.5).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import policy_pb2

from heddle.configtx.members import principal_text
from heddle.configtx.roles import role_principal
from heddle.errors import ConfigtxError
from heddle.fabric.definition import DEFAULT_POLICY

__all__ = ["policy_bytes", "policy_text"]

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z]+)|(?P<number>\d+)|(?P<quoted>'[^']*'|\"[^\"]*\")|(?P<mark>[(),]))"
)
_PRINCIPAL = re.compile(r"([A-Za-z0-9.-]+)\.(admin|member|client|peer|orderer)")
_GATES = {name: gate for gate in ("And", "Or", "OutOf") for name in (gate, gate.lower(), gate.upper())}
_HELP = "Write for example OR('A.peer', AND('B.peer', 'C.peer')) or OutOf(2, 'A.peer', 'B.peer', 'C.peer')."


def policy_bytes(text: str | None) -> bytes:
    """A serialized ApplicationPolicy.

    None is the channel's default, a text that begins with '/' the path of a channel policy, anything else a
    signature policy. Raises ConfigtxError for a text that is neither.
    """
    if text is None:
        return DEFAULT_POLICY
    if text.startswith("/"):
        policy = policy_pb2.ApplicationPolicy(channel_config_policy_reference=text)
    else:
        policy = policy_pb2.ApplicationPolicy(signature_policy=_parse(text))
    return bytes(policy.SerializeToString())


def policy_text(content: bytes) -> str | None:
    """What `policy_bytes` was given, for people: a path, a signature policy, or None for the default."""
    if content == DEFAULT_POLICY:
        return None
    policy = policy_pb2.ApplicationPolicy.FromString(content)
    if policy.WhichOneof("Type") == "signature_policy":
        envelope = policy.signature_policy
        return _text(envelope.rule, [f"'{principal_text(one)}'" for one in envelope.identities])
    return str(policy.channel_config_policy_reference)


@dataclass
class _Call:
    """One gate before its principals have numbers."""

    count: int
    arguments: "list[_Call | str]"


@dataclass
class _Tokens:
    """What is left of a policy's text."""

    text: str
    position: int = 0
    principals: list[msp_principal_pb2.MSPPrincipal] = field(default_factory=list)

    def next(self, *kinds: str) -> tuple[str, str]:
        """The next token, which must be of one of these kinds: its kind and its text."""
        match = _TOKEN.match(self.text, self.position)
        kind = match.lastgroup if match else None
        if match is None or kind not in kinds:
            found = self.text[self.position :].strip()[:20] or "the end"
            raise _error(self.text, f"unexpected {found!r} at character {self.position + 1}")
        self.position = match.end()
        return str(kind), str(match[str(kind)])


def _parse(text: str) -> policies_pb2.SignaturePolicyEnvelope:
    tokens = _Tokens(text)
    call = _gate(tokens, tokens.next("name")[1])
    if text[tokens.position :].strip():
        raise _error(text, f"more text after the last bracket: {text[tokens.position :].strip()[:20]!r}")
    envelope = policies_pb2.SignaturePolicyEnvelope(version=0, rule=_number(call, tokens))
    envelope.identities.extend(tokens.principals)
    return envelope


def _gate(tokens: _Tokens, name: str) -> _Call:
    """`name` has been read: its bracket and its arguments."""
    if name not in _GATES:
        raise _error(tokens.text, f"{name!r} is none of AND, OR, OutOf")
    if tokens.next("mark")[1] != "(":
        raise _error(tokens.text, f"{name} without a bracket")
    count = -1
    if _GATES[name] == "OutOf":
        count = int(tokens.next("number")[1])
        tokens.next("mark")
    arguments = list(_arguments(tokens))
    count = {"And": len(arguments), "Or": 1}.get(_GATES[name], count)
    if count > len(arguments) + 1:
        raise _error(tokens.text, f"{count} out of {len(arguments)} cannot be satisfied")
    return _Call(count, arguments)


def _arguments(tokens: _Tokens) -> "Iterator[_Call | str]":
    mark = ","
    while mark == ",":
        kind, text = tokens.next("name", "quoted")
        if kind == "name":
            yield _gate(tokens, text)
        elif _PRINCIPAL.fullmatch(text[1:-1]):
            yield text[1:-1]
        else:
            raise _error(tokens.text, f"{text} is not <MSP id>.<admin, member, client, peer or orderer>")
        mark = tokens.next("mark")[1]
    if mark != ")":
        raise _error(tokens.text, f"unexpected {mark!r}")


def _number(call: _Call, tokens: _Tokens) -> policies_pb2.SignaturePolicy:
    """As Fabric evaluates: inner gates first, then a gate's own principals from left to right."""
    inner = {
        index: _number(argument, tokens)
        for index, argument in enumerate(call.arguments)
        if isinstance(argument, _Call)
    }
    rules = []
    for index, argument in enumerate(call.arguments):
        if isinstance(argument, _Call):
            rules.append(inner[index])
        else:
            rules.append(policies_pb2.SignaturePolicy(signed_by=len(tokens.principals)))
            msp_id, _, role = argument.rpartition(".")
            tokens.principals.append(role_principal(msp_id, role))
    return policies_pb2.SignaturePolicy(
        n_out_of=policies_pb2.SignaturePolicy.NOutOf(n=call.count, rules=rules)
    )


def _text(rule: policies_pb2.SignaturePolicy, principals: list[str]) -> str:
    if rule.WhichOneof("Type") == "signed_by":
        return principals[int(rule.signed_by)]
    parts: str = ", ".join(_text(sub, principals) for sub in rule.n_out_of.rules)
    count = rule.n_out_of.n
    if count == 1:
        return f"OR({parts})"
    return f"AND({parts})" if count == len(rule.n_out_of.rules) else f"OutOf({count}, {parts})"


def _error(text: str, problem: str) -> ConfigtxError:
    return ConfigtxError(f"endorsement policy {text!r}: {problem}", hint=_HELP)
