"""Endorsement policies as people write them: `OR('AMSP.peer', AND('BMSP.peer', 'CMSP.peer'))`.

Source: common/policydsl/policyparser.go (3.1.5), to the byte: organizations approve a definition together
only if all send the same bytes. So principals are not merged, and nested gates number theirs first.
"""

import re
from collections.abc import Iterator

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import policy_pb2

from heddle.errors import ConfigtxError
from heddle.fabric.definition import DEFAULT_POLICY

__all__ = ["signature_policy", "validation_parameter"]

_TOKEN = re.compile(
    r"\s*(?:(?P<word>[A-Za-z]+)|(?P<number>\d+)|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<mark>[(),]))"
)
_PRINCIPAL = re.compile(r"([A-Za-z0-9.-]+)\.(admin|member|client|peer|orderer)")
_GATES = {spelled: gate for gate in ("And", "Or", "OutOf") for spelled in (gate, gate.lower(), gate.upper())}
_HINT = "Write it as in OR('AMSP.peer', 'BMSP.peer'), AND(…) or OutOf(2, …); or name a channel policy."

_Token = tuple[str, str]
_Gate = tuple[int, list["str | _Gate"]]


def validation_parameter(policy: str) -> bytes:
    """A serialized ApplicationPolicy: of an expression, of a channel policy's path ("/Channel/…"), or of "".

    Empty is Fabric's default, `/Channel/Application/Endorsement`. Raises ConfigtxError for anything else.
    """
    if not policy:
        return DEFAULT_POLICY
    if policy.startswith("/"):
        reference = policy_pb2.ApplicationPolicy(channel_config_policy_reference=policy)
        return bytes(reference.SerializeToString())
    return bytes(policy_pb2.ApplicationPolicy(signature_policy=signature_policy(policy)).SerializeToString())


def signature_policy(policy: str) -> policies_pb2.SignaturePolicyEnvelope:
    """The envelope of an expression. Raises ConfigtxError."""
    tokens = list(_tokens(policy))
    gate, rest = _gate(policy, tokens)
    if rest:
        raise _wrong(policy, f"unexpected {rest[0][1]!r} after its end")
    principals: list[msp_principal_pb2.MSPPrincipal] = []
    rule = _rule(policy, gate, principals)
    return policies_pb2.SignaturePolicyEnvelope(version=0, rule=rule, identities=principals)


def _tokens(policy: str) -> Iterator[_Token]:
    position = 0
    text = policy.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _wrong(policy, f"unexpected {text[position:].strip()[:10]!r}")
        kind = match.lastgroup or ""
        yield ("string" if kind in ("single", "double") else kind), match[kind]
        position = match.end()


def _gate(policy: str, tokens: list[_Token]) -> tuple[_Gate, list[_Token]]:
    """One gate from the head of the tokens, and the tokens after it."""
    if len(tokens) < 2 or tokens[0][1] not in _GATES or tokens[1][1] != "(":
        raise _wrong(policy, "expected AND(…), OR(…) or OutOf(…)")
    name, rest = _GATES[tokens[0][1]], tokens[2:]
    arguments: list[str | _Gate] = []
    while True:
        argument, rest = _argument(policy, rest)
        arguments.append(argument)
        if not rest or rest[0][1] not in (",", ")"):
            raise _wrong(policy, "expected , or )")
        mark, rest = rest[0][1], rest[1:]
        if mark == ")":
            return _with_count(policy, name, arguments), rest


def _argument(policy: str, tokens: list[_Token]) -> tuple["str | _Gate", list[_Token]]:
    if tokens and tokens[0][0] in ("string", "number"):
        return tokens[0][1], tokens[1:]
    return _gate(policy, tokens)


def _with_count(policy: str, name: str, arguments: list["str | _Gate"]) -> _Gate:
    if name == "OutOf":
        count, arguments = arguments[0], arguments[1:]
        if not isinstance(count, str) or not count.isdigit():
            raise _wrong(policy, "OutOf begins with a number")
        # One more than there are can never be satisfied, yet Fabric takes it.
        if not arguments or int(count) > len(arguments) + 1:
            raise _wrong(policy, f"{count} out of {len(arguments)}")
        return int(count), arguments
    return (len(arguments) if name == "And" else 1), arguments


def _rule(
    policy: str, gate: _Gate, principals: list[msp_principal_pb2.MSPPrincipal]
) -> policies_pb2.SignaturePolicy:
    count, arguments = gate
    nested = {
        index: _rule(policy, argument, principals)
        for index, argument in enumerate(arguments)
        if not isinstance(argument, str)
    }
    rules = []
    for index, argument in enumerate(arguments):
        if isinstance(argument, str):
            rules.append(policies_pb2.SignaturePolicy(signed_by=len(principals)))
            principals.append(_principal(policy, argument))
        else:
            rules.append(nested[index])
    return policies_pb2.SignaturePolicy(n_out_of=policies_pb2.SignaturePolicy.NOutOf(n=count, rules=rules))


def _principal(policy: str, text: str) -> msp_principal_pb2.MSPPrincipal:
    match = _PRINCIPAL.fullmatch(text)
    if match is None:
        raise _wrong(policy, f"{text!r} is not MSP.role with role admin, member, client, peer or orderer")
    role = msp_principal_pb2.MSPRole(
        msp_identifier=match[1], role=msp_principal_pb2.MSPRole.MSPRoleType.Value(match[2].upper())
    )
    return msp_principal_pb2.MSPPrincipal(
        principal_classification=msp_principal_pb2.MSPPrincipal.ROLE, principal=role.SerializeToString()
    )


def _wrong(policy: str, why: str) -> ConfigtxError:
    return ConfigtxError(f"endorsement policy {policy!r}: {why}", hint=_HINT)
