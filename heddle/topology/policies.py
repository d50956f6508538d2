"""Turn policies of chaincodes and collections from words and names into expressions."""

from collections.abc import Iterable, Mapping

from heddle.settings import CollectionTerms
from heddle.spec.chaincode import Collection
from heddle.spec.fields import stated
from heddle.spec.policies import Endorsement
from heddle.topology.plans.chaincodes import CollectionPlan


def endorsement_policy(endorsement: str, msp_ids: Iterable[str]) -> str | None:
    """Return the rule over the channel's members that endorses; None = the channel's own policy.

    Members are sorted, so that their order in the file changes nothing on the ledger. An expression or the
    path of a channel policy stays as it is.
    """
    if endorsement == Endorsement.MAJORITY:
        return None
    if endorsement not in set(Endorsement):
        return endorsement
    operator = "OR" if endorsement == Endorsement.ANY else "AND"
    return _expression(operator, msp_ids, "peer")


def collection_plan(collection: Collection, msp_ids: Mapping[str, str]) -> CollectionPlan:
    """Return a collection with its policy spelt out.

    Args:
        collection: what the stack file says.
        msp_ids: MSP id of each organization, by its name.
    """
    holders = [msp_ids[name] for name in collection.organizations or ()]
    return CollectionPlan(
        name=collection.name,
        policy=collection.policy or _expression("OR", holders, "member"),
        terms=CollectionTerms(**stated(collection, CollectionTerms)),
        endorsement_policy=collection.endorsement_policy,
    )


def _expression(operator: str, msp_ids: Iterable[str], role: str) -> str:
    principals = ",".join(f"'{msp_id}.{role}'" for msp_id in sorted(msp_ids))
    return f"{operator}({principals})"
