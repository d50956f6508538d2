"""Describe a namespace that an administrator of the cluster makes for a stack before its first `up`."""

from collections.abc import Iterable, Mapping
from typing import Any

from heddle.kube.rights import NEEDED, rights_on, role_rules

__all__ = ["prepared_namespace"]

_GROUP = "rbac.authorization.k8s.io"
INSTANCE = "app.kubernetes.io/instance"
"""Label of all that belongs to an instance; a namespace with it is taken by the stack of that instance."""


def prepared_namespace(
    namespace: str,
    instance: str,
    *,
    users: tuple[str, ...] = (),
    service_accounts: tuple[str, ...] = (),
    kinds: Mapping[str, Iterable[str]] | None = None,
) -> list[dict[str, Any]]:
    """Return the Namespace and, if anybody is named, the smallest Role and its RoleBinding.

    A service account is `NAMESPACE:NAME`. kinds: custom ones that the instance has, by API version.
    """
    labels = {INSTANCE: instance}
    pod_security = {
        f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
    }
    made: list[dict[str, Any]] = [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {**labels, **pod_security}},
        }
    ]
    subjects = [{"kind": "User", "apiGroup": _GROUP, "name": user} for user in users]
    subjects += [
        {"kind": "ServiceAccount", "namespace": place, "name": name}
        for place, _, name in (account.partition(":") for account in service_accounts)
    ]
    if subjects:
        metadata = {"name": "heddle", "namespace": namespace, "labels": labels}
        version = f"{_GROUP}/v1"
        role = {"apiGroup": _GROUP, "kind": "Role", "name": "heddle"}
        rules = role_rules((*NEEDED, *rights_on(kinds or {})))
        made += [
            {"apiVersion": version, "kind": "Role", "metadata": metadata, "rules": rules},
            {
                "apiVersion": version,
                "kind": "RoleBinding",
                "metadata": metadata,
                "roleRef": role,
                "subjects": subjects,
            },
        ]
    return made
