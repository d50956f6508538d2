"""An API server in memory: stores what is applied and answers as Kubernetes does."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from heddle.embedded.engine.kubernetes.api import ApiError
from heddle.errors import ProviderError


class FakeApi:
    """Has the methods of the Kubernetes provider's Api.

    `script` is what a watch sees happen, `lost` what reads end with before there is an answer.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.stop = threading.Event()
        self.calls: list[tuple[str, str]] = []
        self.refusals: list[ApiError] = []
        self.lost: list[ProviderError] = []
        self.script: list[Callable[[dict[str, Any]], dict[str, Any] | None]] = []
        self.version = 0

    def put(self, path: str, obj: dict[str, Any]) -> dict[str, Any]:
        """Store an object as the server would show it."""
        self.version += 1
        metadata = {"uid": f"uid-{path}", **obj.get("metadata", {}), "resourceVersion": str(self.version)}
        self.objects[path] = {**obj, "metadata": metadata}
        return self.objects[path]

    def get(self, path: str, labelSelector: str = "", **_query: str) -> dict[str, Any]:  # noqa: N803 - Kubernetes'
        self.calls.append(("get", path))
        if self.lost:
            raise self.lost.pop(0)
        if path in self.objects:
            return self.objects[path]
        items = [obj for key, obj in self.objects.items() if key.rpartition("/")[0] == path]
        if labelSelector and "=" not in labelSelector:
            items = [obj for obj in items if labelSelector in obj["metadata"].get("labels", {})]
        if items or path.rpartition("/")[2] in ("pods", "events"):
            return {"items": items}
        raise ApiError(404, {"message": f"{path} not found"})

    def find(self, path: str) -> dict[str, Any] | None:
        return self.objects.get(path)

    def apply(
        self, path: str, obj: dict[str, Any], *, manager: str, force: bool, dry_run: bool, warn: bool
    ) -> dict[str, Any]:
        self.calls.append(("dry run" if dry_run else "apply", path))
        if self.refusals:
            raise self.refusals.pop(0)
        if dry_run:
            return {**obj, "status": {}}
        generation = self.objects.get(path, {}).get("metadata", {}).get("generation", 0) + 1
        managed = [{"manager": manager, "operation": "Apply"}]
        metadata = {**obj["metadata"], "generation": generation, "managedFields": managed}
        return self.put(path, {**obj, "metadata": metadata})

    def delete(self, path: str, *, propagation: str) -> None:
        self.calls.append((f"delete {propagation}", path))
        if path not in self.objects:
            raise ApiError(404, {"message": "gone"})

    def watch(
        self, collection: str, name: str, *, version: str, seconds: int
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        path = f"{collection}/{name}"
        while self.script and path in self.objects:
            changed = self.script.pop(0)(self.objects[path])
            if changed is None:
                yield "DELETED", self.objects.pop(path)
            else:
                yield "MODIFIED", self.put(path, changed)
