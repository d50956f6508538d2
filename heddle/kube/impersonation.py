"""Act as another user: what the `as` of a kubeconfig's user asks of every request, as `kubectl --as` does.

Source: kubernetes.io/docs/reference/access-authn-authz/authentication, "User impersonation"; client-go
transport/round_trippers.go for the headers, tools/clientcmd/validation.go for what goes together.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from heddle.plain import Plain, ShapeError

__all__ = ["Impersonation", "impersonation_of"]

_SENDABLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
"""What a header carries as it stands: printable ASCII without spaces at its ends."""
_KEY_SIGNS = "!#$&'*+^`|"
"""Signs of a header's name that `quote` would replace; the percent sign is replaced."""


@dataclass(frozen=True, kw_only=True)
class Impersonation:
    """The user that the API server shall take the caller for; an empty `user` is the caller.

    `extra`: keys with their values, as an authenticator of the cluster gives them to its users.
    """

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    def headers(self) -> Iterator[tuple[str, str]]:
        """Yield the headers of a request; a name comes once for each of its values."""
        if self.user:
            yield "Impersonate-User", self.user
        if self.uid:
            yield "Impersonate-Uid", self.uid
        for group in self.groups:
            yield "Impersonate-Group", group
        for key, value in self.extra:
            yield f"Impersonate-Extra-{quote(key, safe=_KEY_SIGNS)}", value


def impersonation_of(user: Mapping[str, Any]) -> Impersonation:
    """Read the entry of a kubeconfig's user. Raises ShapeError for what cannot be sent or kubectl refuses."""
    entry = Plain(value=dict(user))
    extra = entry.get("as-user-extra")
    groups = entry.get("as-groups")
    found = Impersonation(
        user=_sendable(entry.get("as")),
        uid=_sendable(entry.get("as-uid")),
        groups=tuple(map(_sendable, groups.items())) if groups else (),
        extra=tuple(_extra(extra)) if extra else (),
    )
    if not found.user and (found.uid or found.groups or found.extra):
        raise ShapeError("as-uid, as-groups and as-user-extra need `as`, the name of a user")
    return found


def _extra(entry: Plain) -> Iterator[tuple[str, str]]:
    for key, values in entry.entries():
        for value in values.items():
            # Header names have no capitals for the API server, which reads every key in small letters.
            yield key.lower(), _sendable(value)


def _sendable(entry: Plain | None) -> str:
    text = entry.text() if entry else ""
    if entry and text and not _SENDABLE.fullmatch(text):
        raise ShapeError(f"{entry.path}: printable ASCII without spaces at its ends expected")
    return text
