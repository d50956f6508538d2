"""VolumeTerms: what the volumes of nodes stay, held against what the stack file says now."""

from typing import Any

from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties, has_unknown
from heddle.provider.handler import Recorded
from heddle.schema.kubernetes import VOLUME_TERMS

__all__ = ["VolumeTermsHandler"]

_CLASS = (
    "a claim keeps its class: with another one it would be another, empty volume. Put the old class back; or "
    "take the node out, and add it again in a second `up`"
)
_DATABASE = (
    "a peer keeps its kind of state database: Fabric reads no other one's. Put the old one back, or declare "
    "another instance"
)


class VolumeTermsHandler(Recorded):
    """See `heddle.schema.kubernetes`. It asks nobody: the terms are those of the last `up`, in the state.

    Refusing when inputs are checked ends previews too, and the claims that wait for it are not registered.
    """

    declaration = VOLUME_TERMS
    identifier = "terms"

    def verify_change(self, olds: Properties, news: Properties) -> list[CheckFailure]:
        """Report a node that stays and would get another class or database."""
        return [
            *_changed(olds, news, "storageClasses", _CLASS),
            *_changed(olds, news, "stateDatabases", _DATABASE),
        ]


def _changed(olds: Properties, news: Properties, name: str, reason: str) -> list[CheckFailure]:
    old, new = _by_node(olds, name), _by_node(news, name)
    return [
        CheckFailure(
            property=f"{name}.{node}", reason=f"{_shown(value)} instead of {_shown(old[node])}: {reason}"
        )
        for node, value in sorted(new.items())
        if node in old and value != old[node] and not has_unknown([value, old[node]])
    ]


def _by_node(properties: Properties, name: str) -> dict[str, Any]:
    found = properties.get(name)
    return found if isinstance(found, dict) else {}


def _shown(value: object) -> str:
    return repr(value) if value else "the default"
