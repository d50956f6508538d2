"""Describe a member of a channel: a name, or a mapping where not every peer joins."""

from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler, WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core.core_schema import CoreSchema, ValidatorFunctionWrapHandler

from heddle.spec.indices import Indices, nodes_rule
from heddle.spec.kinds import between
from heddle.spec.model import Section, refused
from heddle.spec.names import ORGANIZATION, OrganizationName


class Membership(Section):
    """An organization on a channel."""

    name: OrganizationName
    """Name of the organization."""
    peers: Annotated[Indices, *nodes_rule("1 to 99", least=1)] | None = None
    """Which of its peers join, as a number or as indices: 2 is [0, 1]. Default: all."""
    anchor_peers: Annotated[int, *between(0, 99)] = 1
    """How many of them are announced to the other organizations: those with the lowest indices."""


def _membership(value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 — pydantic's
    if isinstance(value, str):
        # Here, so that the problem's path ends at the name that the file has, not at a field it has not.
        return Membership(name=ORGANIZATION.check(value))
    if not isinstance(value, dict | Membership):
        words = "the name of an organization, or a mapping with name, peers and anchorPeers"
        raise refused(words)
    return handler(value)


class _NameOrMapping:
    """Says the same in JSON Schema."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [ORGANIZATION.json_schema(), handler(schema)]}


Member = Annotated[Membership, WrapValidator(_membership), _NameOrMapping()]
"""A member as a file says it; always a Membership once read."""
