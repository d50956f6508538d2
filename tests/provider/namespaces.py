"""An API server that knows one namespace, its Secrets, its users' rights and its DNS."""

import json
from typing import Any

import httpx

OWNERSHIP = "heddle:kubernetes:NamespaceOwnership"
REVERSED = "1.0.96.10.in-addr.arpa"
"""The address of the API server's Service, as it is asked for."""
INPUTS = {"namespace": "fabric-dev", "instance": "dev", "owner": "mine"}


class Namespaces:
    """The namespaces of a cluster, as its REST API serves them."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.gone_after: int | None = None
        self.dns_port = 0
        self.api_address = "10.96.0.1"
        """Of the Service default/kubernetes; empty: the user may not look at it."""
        self.forbidden: set[str] = set()
        self.secrets: dict[str, list[str]] = {}
        """Keys of each Secret of the namespace."""
        self.hidden = False
        """True: the user may not look at Secrets."""
        self.kinds: dict[str, list[str]] = {}
        """Custom kinds by API version, as their definitions say."""
        self.kinds_hidden = False
        """True: the user may not look which there are."""
        self.lacking: set[tuple[str, str]] = set()
        """Verb and resource of what the user may not; nothing = may do everything."""

    def have(self, *, labels: dict[str, str], annotations: dict[str, str], leaving: bool = False) -> None:
        metadata: dict[str, Any] = {
            "name": "fabric-dev",
            "labels": labels,
            "annotations": annotations,
            "resourceVersion": "7",
        }
        if leaving:
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        self.objects["fabric-dev"] = {"metadata": metadata}

    def review(self, request: httpx.Request) -> httpx.Response:
        """What the user may do, as SelfSubjectAccessReview says it."""
        asked = json.loads(request.content)["spec"]["resourceAttributes"]
        assert asked["namespace"] == "fabric-dev"
        whole = "/".join(filter(None, (asked["resource"], asked.get("subresource", ""))))
        allowed = not self.lacking if asked["verb"] == "*" else (asked["verb"], whole) not in self.lacking
        return httpx.Response(201, json={"status": {"allowed": allowed}})

    def dns(self, _: httpx.Request) -> httpx.Response:
        """Its DNS, where it may be looked for."""
        if not self.dns_port:
            return httpx.Response(403, json={"message": "endpointslices is forbidden"})
        ports = [{"name": "dns-tcp", "port": self.dns_port}]
        return httpx.Response(
            200, json={"items": [{"ports": ports, "endpoints": [{"addresses": ["127.0.0.1"]}]}]}
        )

    def api_service(self) -> httpx.Response:
        """The API server's own Service."""
        if not self.api_address:
            return httpx.Response(403, json={"message": "services is forbidden"})
        return httpx.Response(200, json={"spec": {"clusterIP": self.api_address}})

    def secret(self, path: str) -> httpx.Response:
        """A Secret of the namespace, with its values."""
        name = path.removeprefix("/api/v1/namespaces/fabric-dev/secrets/")
        if self.hidden:
            return httpx.Response(403, json={"message": "secrets is forbidden"})
        if name not in self.secrets:
            return httpx.Response(404, json={"message": "not found"})
        return httpx.Response(200, json={"data": dict.fromkeys(self.secrets[name], "aHVudGVyMg==")})

    def version(self, path: str) -> httpx.Response:
        """The kinds of an API version, as discovery has them."""
        if self.kinds_hidden:
            return httpx.Response(403, json={"message": "GET of this path is forbidden"})
        version = path.removeprefix("/apis/")
        if version not in self.kinds:
            return httpx.Response(404, text="404 page not found")
        resources = [{"name": f"{kind.lower()}s", "kind": kind} for kind in self.kinds[version]]
        return httpx.Response(200, json={"kind": "APIResourceList", "resources": resources})

    @property
    def annotations(self) -> dict[str, str]:
        found: dict[str, str] = self.objects["fabric-dev"]["metadata"]["annotations"]
        return found

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "endpointslices" in request.url.path:
            return self.dns(request)
        if request.url.path == "/api/v1/namespaces/default/services/kubernetes":
            return self.api_service()
        if "/secrets/" in request.url.path:
            return self.secret(request.url.path)
        if "selfsubjectaccessreviews" in request.url.path:
            return self.review(request)
        if request.url.path.startswith("/apis/monitoring.coreos.com/"):
            return self.version(request.url.path)
        if request.method in self.forbidden:
            return httpx.Response(403, json={"message": f"{request.method} is forbidden"})
        if "dryRun" in request.url.params:
            return httpx.Response(201, json={})
        return self.serve(request)

    def serve(self, request: httpx.Request) -> httpx.Response:
        """Read, make or change a namespace."""
        self.asked.append(request.method)
        name = request.url.path.removeprefix("/api/v1/namespaces").strip("/")
        if request.method == "GET":
            if name not in self.objects:
                return httpx.Response(404, json={"message": "not found"})
            return httpx.Response(200, json=self.objects[name])
        body = json.loads(request.content)
        if request.method == "PATCH":
            current = self.objects[name]["metadata"]
            if body["metadata"]["resourceVersion"] != current["resourceVersion"]:
                return httpx.Response(409, json={"message": "the object has been modified"})
            changed = current["annotations"] | body["metadata"]["annotations"]
            current["annotations"] = {key: value for key, value in changed.items() if value is not None}
            return httpx.Response(200, json=self.objects[name])
        if body["metadata"]["name"] in self.objects:
            if self.gone_after is not None and self.asked.count("POST") >= self.gone_after:
                del self.objects[body["metadata"]["name"]]
            return httpx.Response(409, json={"message": "already exists"})
        self.objects[body["metadata"]["name"]] = body
        return httpx.Response(201, json=body)
