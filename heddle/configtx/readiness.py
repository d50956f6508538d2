"""Which organizations must approve and endorse a chaincode definition: the channel's LifecycleEndorsement.

A peer of an organization that has not approved refuses to endorse the commit, so who must endorse must have
approved. Which peer endorses does not matter: the policy is evaluated by organizations alone. Pure. Source:
core/chaincode/lifecycle/scc.go, common/policies/implicitmeta.go (Fabric 3.1.5).
"""

from collections.abc import Collection

from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import msp_principal_pb2

from heddle.configtx import values
from heddle.configtx.policies import Need, threshold

__all__ = ["missing_organizations"]

_LIFECYCLE = "LifecycleEndorsement"


def missing_organizations(root: configtx_pb2.ConfigGroup, there: Collection[str]) -> Need | None:
    """Which organizations (MSP ids) are needed beside those that are there; None if they suffice.

    Raises:
        ConfigtxError: a policy that cannot be read.
    """
    application = root.groups["Application"]
    if _LIFECYCLE not in application.policies:
        return None  # peers fall back to a policy of their own; they will say what they need
    return _need(application, application.policies[_LIFECYCLE].policy, there)


def _need(
    group: configtx_pb2.ConfigGroup, policy: policies_pb2.Policy, there: Collection[str]
) -> Need | None:
    if policy.type != policies_pb2.Policy.IMPLICIT_META:
        envelope = values.parse(
            policies_pb2.SignaturePolicyEnvelope(), policy.value, "the lifecycle's policy"
        )
        need = _rule_need(envelope.rule, [_organization(one) for one in envelope.identities], there)
        return Need(count=1, among=(need,)) if isinstance(need, str) else need
    meta = values.parse(policies_pb2.ImplicitMetaPolicy(), policy.value, "the lifecycle's policy")
    names = sorted(group.groups)
    needs = []
    for name in names:
        below = group.groups[name]
        if meta.sub_policy in below.policies:
            needs.append(_need(below, below.policies[meta.sub_policy].policy, there))
    missing = tuple(need for need in needs if need is not None)
    short = threshold(meta, len(names)) - (len(needs) - len(missing))
    return Need(count=short, among=missing) if short > 0 else None


def _rule_need(
    rule: policies_pb2.SignaturePolicy, organizations: list[str], there: Collection[str]
) -> Need | str | None:
    if rule.WhichOneof("Type") == "n_out_of":
        needs = [_rule_need(one, organizations, there) for one in rule.n_out_of.rules]
        missing = tuple(need for need in needs if need is not None)
        short = rule.n_out_of.n - (len(needs) - len(missing))
        return Need(count=short, among=missing) if short > 0 else None
    if not 0 <= rule.signed_by < len(organizations):
        return "a principal that the policy does not name"
    organization = organizations[rule.signed_by]
    return None if organization in there else organization


def _organization(principal: msp_principal_pb2.MSPPrincipal) -> str:
    """The MSP id that a principal is of. Any principal's message begins with it."""
    role = values.parse(msp_principal_pb2.MSPRole(), principal.principal, "a principal")
    return str(role.msp_identifier)
