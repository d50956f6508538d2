"""Policies of a channel: who satisfies them, and who is missing.

Source: common/policies/{policy,implicitmeta}.go, common/cauthdsl/cauthdsl.go (Fabric 3.1.5). Results are
Fabric's own words ("" = satisfied), because stand-ins send them and users search for them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import identities_pb2

from heddle.configtx import values
from heddle.configtx.members import Members, Signatory, principal_text
from heddle.errors import ConfigtxError, HeddleError
from heddle.identity.keys import load_certificate, verify
from heddle.quorum import majority

__all__ = [
    "Identity",
    "Need",
    "SignedData",
    "missing",
    "no_such_policy",
    "refusal",
    "signed_data_refusal",
    "threshold",
    "valid_identities",
]

NOT_SATISFIED: Final = "signature set did not satisfy policy"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A member who has signed, as messages name it."""

    msp_id: str
    certificate: bytes

    @classmethod
    def parse(cls, serialized: bytes) -> "Identity":
        """Read `msp.SerializedIdentity` bytes. Raises ConfigtxError."""
        message = values.parse(identities_pb2.SerializedIdentity(), serialized, "an identity")
        return cls(msp_id=message.mspid, certificate=message.id_bytes)


class SignedData(NamedTuple):
    """What was signed, by whom (`msp.SerializedIdentity` bytes), and the signature."""

    data: bytes
    identity: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True)
class Need:
    """So many more of these signatures are needed; each of them a principal or a need of its own."""

    count: int
    among: tuple["Need | str", ...]

    def __str__(self) -> str:
        """For people: `A.admin`, `2 of (A.admin, B.admin, C.admin)`."""
        if self.count == 1 == len(self.among):
            return str(self.among[0])
        return f"{self.count} of ({', '.join(map(str, self.among))})"


def refusal(root: configtx_pb2.ConfigGroup, path: str, identities: Sequence[Signatory]) -> str:
    """Why these members together do not satisfy the policy at an absolute path ("/Channel/Writers").

    In Fabric's words; empty if they do. Raises ConfigtxError on an unreadable policy.
    """
    found = _find(root, path)
    if isinstance(found, str):
        return found
    return _refusal(found, identities, Members.of(root))


def missing(root: configtx_pb2.ConfigGroup, path: str, identities: Sequence[Signatory]) -> Need | None:
    """Whose signatures are still needed beside these; None if the policy is satisfied.

    Raises:
        ConfigtxError: there is no such policy, or it cannot be read.
    """
    found = _find(root, path)
    if isinstance(found, str):
        return Need(count=1, among=(found,))
    return _need(found, identities, Members.of(root))


def signed_data_refusal(root: configtx_pb2.ConfigGroup, path: str, signed: Iterable[SignedData]) -> str:
    """As `refusal`, of signatures: only valid ones of known MSPs count, and each signer once."""
    return refusal(root, path, valid_identities(root, signed))


def valid_identities(root: configtx_pb2.ConfigGroup, signed: Iterable[SignedData]) -> list[Identity]:
    """The signers whose signatures hold, each once. Others are skipped, as Fabric skips them."""
    members = Members.of(root)
    found: dict[bytes, Identity] = {}
    for item in signed:
        try:
            identity = Identity.parse(item.identity)
            if not members.knows(identity.msp_id) or (key := _key(identity)) in found:
                continue
            if verify(identity.certificate, item.data, item.signature):
                found[key] = identity
        except HeddleError:
            continue  # no identity, no certificate, no usable key: whoever it is, it does not count
    return list(found.values())


def _key(identity: Identity) -> bytes:
    # By the certificate itself, not by its bytes as sent: PEM can be written in many ways.
    return identity.msp_id.encode() + load_certificate(identity.certificate).tbs_certificate_bytes


class _Found(NamedTuple):
    """A policy and the group that holds it."""

    group: configtx_pb2.ConfigGroup
    policy: policies_pb2.Policy


def no_such_policy(root: configtx_pb2.ConfigGroup, path: str) -> str:
    """Fabric's words if there is no policy at an absolute path; empty if there is one."""
    found = _find(root, path)
    return found if isinstance(found, str) else ""


def _find(root: configtx_pb2.ConfigGroup, path: str) -> "_Found | str":
    """The policy at an absolute path, or Fabric's words that there is none."""
    if not path.startswith("/Channel/"):
        return f"no such policy: '{path}'"
    relative = path.removeprefix("/Channel/")
    *groups, name = relative.split("/")
    group = root
    for step in groups:
        if step not in group.groups:
            return f"no such policy: '{relative}'"
        group = group.groups[step]
    return _in(group, name) or f"no such policy: '{relative}'"


def _in(group: configtx_pb2.ConfigGroup, name: str) -> _Found | None:
    return _Found(group, group.policies[name].policy) if name in group.policies else None


def _refusal(found: _Found, identities: Sequence[Signatory], members: Members) -> str:
    if found.policy.type == policies_pb2.Policy.IMPLICIT_META:
        meta = _meta(found.policy)
        subs = _sub_policies(found.group, meta)
        needed = threshold(meta, len(subs))
        found_subs = [sub for sub in subs.values() if sub is not None]
        count = sum(1 for sub in found_subs if not _refusal(sub, identities, members))
        if count >= needed:
            return ""
        return (
            f"implicit policy evaluation failed - {count} sub-policies were satisfied, but this policy "
            f"requires {needed} of the '{meta.sub_policy}' sub-policies to be satisfied"
        )
    envelope = _signature(found.policy)
    need = _rule_need(envelope.rule, envelope, identities, set(), members)
    return "" if need is None else NOT_SATISFIED


def _need(found: _Found, identities: Sequence[Signatory], members: Members) -> Need | None:
    if found.policy.type == policies_pb2.Policy.IMPLICIT_META:
        meta = _meta(found.policy)
        needs: list[Need | str] = []
        subs = _sub_policies(found.group, meta)
        for name, sub in subs.items():
            # One that does not exist counts and is never satisfied: say so, nobody can sign for it.
            absent = f"{name}, which has no policy {meta.sub_policy}"
            need = _need(sub, identities, members) if sub is not None else absent
            needs += [need] if need is not None else []
        short = threshold(meta, len(subs)) - (len(subs) - len(needs))
        return Need(count=short, among=tuple(needs)) if short > 0 else None
    envelope = _signature(found.policy)
    rule_need = _rule_need(envelope.rule, envelope, identities, set(), members)
    return Need(count=1, among=(rule_need,)) if isinstance(rule_need, str) else rule_need


def _sub_policies(
    group: configtx_pb2.ConfigGroup, meta: policies_pb2.ImplicitMetaPolicy
) -> dict[str, _Found | None]:
    """The policy of that name in every sub-group; None where there is none: it counts and always refuses."""
    return {name: _in(group.groups[name], meta.sub_policy) for name in sorted(group.groups)}


def threshold(meta: policies_pb2.ImplicitMetaPolicy, count: int) -> int:
    """How many of so many sub-policies an implicit meta policy needs."""
    if count == 0:  # Fabric: no sub-policies, so zero is a majority, any and all
        return 0
    rules = policies_pb2.ImplicitMetaPolicy
    known = {rules.ANY: 1, rules.ALL: count, rules.MAJORITY: majority(count)}
    return known.get(meta.rule, 0)  # of a rule that nobody knows Fabric needs nothing


def _rule_need(
    rule: policies_pb2.SignaturePolicy,
    envelope: policies_pb2.SignaturePolicyEnvelope,
    identities: Sequence[Signatory],
    used: set[int],
    members: Members,
) -> Need | str | None:
    """What the rule still needs. Identities that it uses are added to `used`: each counts once."""
    if rule.WhichOneof("Type") == "n_out_of":
        needs: list[Need | str] = []
        for sub in rule.n_out_of.rules:
            attempt = set(used)
            need = _rule_need(sub, envelope, identities, attempt, members)
            if need is None:
                used |= attempt
            else:
                needs.append(need)
        short = rule.n_out_of.n - (len(rule.n_out_of.rules) - len(needs))
        return Need(count=short, among=tuple(needs)) if short > 0 else None
    if not 0 <= rule.signed_by < len(envelope.identities):
        raise ConfigtxError(
            f"identity index out of range, requested {rule.signed_by}, "
            f"but identities length is {len(envelope.identities)}"
        )
    principal = envelope.identities[rule.signed_by]
    for index, identity in enumerate(identities):
        if index not in used and members.satisfies(identity, principal):
            used.add(index)
            return None
    return principal_text(principal)


def _meta(policy: policies_pb2.Policy) -> policies_pb2.ImplicitMetaPolicy:
    return values.parse(policies_pb2.ImplicitMetaPolicy(), policy.value, "an implicit meta policy")


def _signature(policy: policies_pb2.Policy) -> policies_pb2.SignaturePolicyEnvelope:
    if policy.type != policies_pb2.Policy.SIGNATURE:
        raise ConfigtxError(f"has unknown policy type: {policy.type}")
    return values.parse(policies_pb2.SignaturePolicyEnvelope(), policy.value, "a signature policy")
