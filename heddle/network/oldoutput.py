"""Read the one output that Heddle 0.1 wrote as the two of now."""

from collections.abc import Mapping
from typing import Any

from heddle.network.instance import VERSION, incomplete_output
from heddle.plain import Plain, ShapeError

__all__ = ["split_old_output"]


def split_old_output(data: object) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return `instance` and `access`, made of the one output that Heddle 0.1 wrote; None for a newer output.

    An old output holds a kubeconfig and no version. Values in it stay as they are: secrets marked, and those
    of a wrong kind for the readers of the two parts to refuse.
    """
    if not isinstance(data, dict) or "version" in data or not {"kubeconfig", "adminTls"} <= data.keys():
        return None
    try:
        return _split(Plain(value=data, path="instance"))
    except ShapeError as error:
        raise incomplete_output("instance", error) from error


def _split(old: Plain) -> tuple[dict[str, Any], dict[str, Any]]:
    users = {
        name: {user: entry[user].object() for user in ("admin", "user") if user in entry}
        for name, entry in old["organizations"].entries()
    }
    admin_tls = old["adminTls"].object()
    instance = {
        "consensus": "etcdraft",
        **old.object(),
        "version": VERSION,
        "orderers": [{"stateDatabase": ""} | node.object() for node in old["orderers"].items()],
        "peers": [{"stateDatabase": ""} | node.object() for node in old["peers"].items()],
        "organizations": {
            name: entry.object() | {"users": _entries(users[name], "certificate")}
            for name, entry in old["organizations"].entries()
        },
        "chaincodes": {
            name: {"initRequired": False, "collections": []} | entry.object()
            for name, entry in old["chaincodes"].entries()
        },
        "adminTlsCertificate": admin_tls.get("certificate"),
    }
    access = {
        "version": VERSION,
        "kubeconfig": old["kubeconfig"].value,
        "userKeys": {name: _entries(each, "privateKey") for name, each in users.items()},
        "adminTlsKey": admin_tls.get("privateKey"),
    }
    return instance, access


def _entries(users: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, Any]:
    return {user: identity.get(key) for user, identity in users.items()}
