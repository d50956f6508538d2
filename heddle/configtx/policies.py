"""Evaluate the policies of a channel: whether they are satisfied, and whose signatures are missing.

One walk through a policy serves every question; what a principal asks for is told by its `Voters`.

Source: common/policies/{policy,implicitmeta}.go, common/cauthdsl/cauthdsl.go (Fabric 3.1.5). Results are
Fabric's own words ("" = satisfied), because stand-ins send them and users search for them.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import identities_pb2

from heddle.configtx import values
from heddle.configtx.members import Members, Signatory
from heddle.configtx.voters import Organizations, Signers, Voters
from heddle.errors import ConfigtxError, HeddleError, IdentityError
from heddle.identity.keys import load_certificate, verify
from heddle.quorum import majority

__all__ = [
    "Identity",
    "MissingSignatures",
    "SignedData",
    "missing",
    "missing_organizations",
    "no_such_policy",
    "refusal",
    "signed_data_refusal",
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
    """Hold signed data, the identity that signed (`msp.SerializedIdentity` bytes), and the signature."""

    data: bytes
    identity: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True)
class MissingSignatures:
    """Say how many more signatures are needed, and among which: principals, or sub-policies lacking some."""

    count: int
    among: tuple["MissingSignatures | str", ...]

    def __str__(self) -> str:
        """Return the policy for people: `A.admin`, `2 of (A.admin, B.admin, C.admin)`."""
        if self.count == 1 == len(self.among):
            return str(self.among[0])
        return f"{self.count} of ({', '.join(map(str, self.among))})"


def refusal(root: configtx_pb2.ConfigGroup, path: str, identities: Sequence[Signatory]) -> str:
    """Return why these members together do not satisfy the policy at an absolute path ("/Channel/Writers").

    In Fabric's words; empty if they do. Raises ConfigtxError on an unreadable policy.
    """
    found = _find(root, path)
    if isinstance(found, str):
        return found
    return _refusal(found, Signers(identities, Members.of(root)))


def missing(
    root: configtx_pb2.ConfigGroup, path: str, identities: Sequence[Signatory]
) -> MissingSignatures | None:
    """Return whose signatures are still needed beside these; None if the policy is satisfied.

    A policy that does not exist, or that cannot be read, is never satisfied: it is among what is missing.
    """
    return _lacking(root, path, lambda: Signers(identities, Members.of(root)))


def missing_organizations(
    root: configtx_pb2.ConfigGroup, path: str, msp_ids: Collection[str]
) -> MissingSignatures | None:
    """Return the organizations that are needed beside these; None if they suffice.

    Any member of an organization stands for all of its principals. A policy that cannot be read is missing.
    """
    return _lacking(root, path, lambda: Organizations(msp_ids))


def _lacking(
    root: configtx_pb2.ConfigGroup, path: str, voters: Callable[[], Voters]
) -> MissingSignatures | None:
    try:
        policy = _find(root, path)
        if not isinstance(policy, str):
            return _missing(policy, voters())
    except (ConfigtxError, IdentityError) as error:
        policy = f"the policy {path}, which cannot be read: {error.message}"
    return MissingSignatures(count=1, among=(policy,))


def signed_data_refusal(root: configtx_pb2.ConfigGroup, path: str, signed: Iterable[SignedData]) -> str:
    """Return the same for signatures: only valid ones of known MSPs count, and each signer once."""
    return refusal(root, path, valid_identities(root, signed))


def valid_identities(root: configtx_pb2.ConfigGroup, signed: Iterable[SignedData]) -> list[Identity]:
    """Return the signers whose signatures hold, each once. Others are skipped, as Fabric skips them."""
    members = Members.of(root)
    found: dict[bytes, Identity] = {}
    for item in signed:
        try:
            identity = Identity.parse(item.identity)
            if identity.msp_id not in members.by_id or (key := _key(identity)) in found:
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
    """Return Fabric's words if there is no policy at an absolute path; empty if there is one."""
    found = _find(root, path)
    return found if isinstance(found, str) else ""


def _find(root: configtx_pb2.ConfigGroup, path: str) -> "_Found | str":
    """Return the policy at an absolute path, or Fabric's words that there is none."""
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


def _refusal(found: _Found, voters: Voters) -> str:
    if found.policy.type != policies_pb2.Policy.IMPLICIT_META:
        return "" if _missing(found, voters) is None else NOT_SATISFIED
    meta = _meta(found.policy)
    subs = _missing_below(found.group, meta, voters)
    needed, count = _threshold(meta, len(subs)), subs.count(None)
    if count >= needed:
        return ""
    return (
        f"implicit policy evaluation failed - {count} sub-policies were satisfied, but this policy "
        f"requires {needed} of the '{meta.sub_policy}' sub-policies to be satisfied"
    )


def _missing(found: _Found, voters: Voters) -> MissingSignatures | None:
    if found.policy.type == policies_pb2.Policy.IMPLICIT_META:
        meta = _meta(found.policy)
        subs = _missing_below(found.group, meta, voters)
        return _short(_threshold(meta, len(subs)), subs)
    if found.policy.type != policies_pb2.Policy.SIGNATURE:
        raise ConfigtxError(f"has unknown policy type: {found.policy.type}")
    content = found.policy.value
    envelope = values.parse(policies_pb2.SignaturePolicyEnvelope(), content, "a signature policy")
    lacking = _missing_in_rule(envelope.rule, envelope, set(), voters)
    return MissingSignatures(count=1, among=(lacking,)) if isinstance(lacking, str) else lacking


def _missing_below(
    group: configtx_pb2.ConfigGroup, meta: policies_pb2.ImplicitMetaPolicy, voters: Voters
) -> list[MissingSignatures | str | None]:
    """Return what each sub-group's policy of that name lacks.

    One that does not exist counts and is never satisfied: it is said so, nobody can sign for it.
    """
    subs = {name: _in(group.groups[name], meta.sub_policy) for name in sorted(group.groups)}
    return [
        f"{name}, which has no policy {meta.sub_policy}" if sub is None else _missing(sub, voters)
        for name, sub in subs.items()
    ]


def _short(needed: int, parts: Sequence[MissingSignatures | str | None]) -> MissingSignatures | None:
    """Return what is missing of `needed` parts, each of which lacks something or, None, nothing."""
    lacking = tuple(part for part in parts if part is not None)
    short = needed - (len(parts) - len(lacking))
    return MissingSignatures(count=short, among=lacking) if short > 0 else None


def _threshold(meta: policies_pb2.ImplicitMetaPolicy, count: int) -> int:
    """Return how many of so many sub-policies an implicit meta policy needs."""
    if count == 0:  # Fabric: no sub-policies, so zero is a majority, any and all
        return 0
    rules = policies_pb2.ImplicitMetaPolicy
    known = {rules.ANY: 1, rules.ALL: count, rules.MAJORITY: majority(count)}
    return known.get(meta.rule, 0)  # of a rule that nobody knows Fabric needs nothing


def _missing_in_rule(
    rule: policies_pb2.SignaturePolicy,
    envelope: policies_pb2.SignaturePolicyEnvelope,
    used: set[int],
    voters: Voters,
) -> MissingSignatures | str | None:
    """Return what the rule lacks. Voters that it uses are added to `used`: each counts once."""
    if rule.WhichOneof("Type") == "n_out_of":
        parts = []
        for sub in rule.n_out_of.rules:
            attempt = set(used)
            lacking = _missing_in_rule(sub, envelope, attempt, voters)
            parts.append(lacking)
            if lacking is None:
                used |= attempt
        return _short(rule.n_out_of.n, parts)
    if not 0 <= rule.signed_by < len(envelope.identities):
        raise ConfigtxError(
            f"identity index out of range, requested {rule.signed_by}, "
            f"but identities length is {len(envelope.identities)}"
        )
    principal = envelope.identities[rule.signed_by]
    return None if voters.take(principal, used) else voters.name(principal)


def _meta(policy: policies_pb2.Policy) -> policies_pb2.ImplicitMetaPolicy:
    return values.parse(policies_pb2.ImplicitMetaPolicy(), policy.value, "an implicit meta policy")
