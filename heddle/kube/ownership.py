"""Give up the ownership of fields of Kubernetes objects, so that others can apply their own values again."""

from heddle.kube.client import KubeClient, refusal

__all__ = ["disown"]

_ATTEMPTS = 5
"""Times that ownership is given up while controllers change the list of owners."""


async def disown(client: KubeClient, path: str, manager: str) -> None:
    """Take a manager off the owners of an object's fields; the fields keep their values.

    Otherwise Pulumi, which applies its own values next, could never do so: server-side apply calls that a
    conflict, already in a preview.
    """
    for _ in range(_ATTEMPTS):
        owners = (await client.get(path) or {}).get("metadata", {}).get("managedFields") or []
        places = [number for number, each in enumerate(owners) if each.get("manager") == manager]
        if not places:
            return
        place = f"/metadata/managedFields/{places[0]}"
        change = [
            {"op": "test", "path": f"{place}/manager", "value": manager},
            {"op": "remove", "path": place},
        ]
        response = await client.send(
            "PATCH", path, json=change, content_type="application/json-patch+json", repeatable=True
        )
        # 422: somebody changed the list meanwhile, so that another owner is in this place.
        if response.status_code not in (200, 422):
            raise refusal(response)
