"""Take over what earlier versions of Heddle wrote into a state, where it would hinder this one."""

from dataclasses import replace

from heddle.state.resource import Resource
from heddle.state.urn import urn_qualified_type

__all__ = ["taken_over"]

_CLAIM = "heddle:kubernetes:Storage$kubernetes:core/v1:PersistentVolumeClaim"


def taken_over(resource: Resource) -> Resource:
    """Return the resource as this version would have written it.

    Claims of nodes were protected, and are retained instead. One whose node has left the program is reached
    by no option there: nothing could be deleted any more. Where the claim is still in the program, that
    decides what becomes of it.
    """
    if not resource.protect or not urn_qualified_type(resource.urn).endswith(_CLAIM):
        return resource
    return replace(resource, protect=False, retain_on_delete=True)
