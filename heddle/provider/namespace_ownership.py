"""Act for NamespaceOwnership: a namespace is made by this stack, or refused."""

from typing import Any
from urllib.parse import quote

from heddle.errors import KubeError, ProviderError, Unreachable
from heddle.kube.client import KubeClient, refusal
from heddle.kube.customkinds import missing_kinds
from heddle.kube.dns import cluster_domain, domain_remedy
from heddle.kube.prepared import INSTANCE
from heddle.kube.rights import missing_rights, rights_on
from heddle.kube.secrets import missing_keys
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import Properties, has_unknown
from heddle.provider.handler import Call, Created, Gone, Handler, Plan, Seen
from heddle.schema.kubernetes import NAMESPACE_OWNERSHIP
from heddle.waiting import poll

__all__ = ["INSTANCE", "OWNER", "NamespaceOwnershipHandler"]

OWNER = "heddle.dev/owner"
"""Annotation that says which stack a namespace belongs to."""

_PATIENCE = 120.0
"""Seconds until a namespace that is being deleted must be gone."""
_DNS_PATIENCE = 30.0
"""Seconds in which the DNS of a cluster that has just begun must answer."""


class NamespaceOwnershipHandler(Handler):
    """See `heddle.schema.kubernetes`.

    A plain create: the API server says itself, and to one asker only, that the name is taken. The owner's
    mark tells this stack's own namespace, made before a kill that lost the state of it, from all others.
    """

    declaration = NAMESPACE_OWNERSHIP

    async def diff(self, call: Call) -> dict[str, DiffKind]:
        """Refuse before anything is done a namespace that is gone, and what is missing by now.

        In itself nothing differs.
        """
        await self._expect_namespace(call)
        if not any(call.inputs.get(name) for name in ("secretKeys", "pullSecrets", "customKinds")):
            return {}
        try:
            async with KubeClient(await self.session.api_server()) as server:
                await self._check_kinds(server, call)
                await self._check_secrets(server, call)
        except Unreachable as error:
            await self.session.warn(f"not checked: whether the pods' Secrets are there\n{error}", call.urn)
        return {}

    async def _expect_namespace(self, call: Call) -> None:
        """Raise ProviderError if the namespace is gone or goes: an update would find nothing in it."""
        try:
            async with KubeClient(await self.session.api_server()) as server:
                found = await server.get(_path(call))
        except (KubeError, Unreachable):
            return  # who may not look is told by what fails; the cluster may be away
        if found is not None and not _leaving(found):
            return
        now = "is being deleted" if found is not None else "is gone"
        raise ProviderError(
            f"namespace {call.inputs['namespace']} {now}, with every volume in it",
            hint="`heddle backup restore` brings it back with its ledgers. To begin anew without a backup: "
            "`heddle refresh`, then `heddle up`.",
        )

    async def plan(self, call: Call) -> Plan:
        """Refuse early what `create` would refuse."""
        if call.id:
            return Plan(outputs={})
        try:
            async with KubeClient(await self.session.api_server()) as server:
                found = await _found(server, call)
                await _check_rights(server, call)
                if found is None:
                    await _check_creation(server, call)
                await self._check_kinds(server, call)
                await self._check_secrets(server, call)
        except Unreachable:
            return Plan(outputs={}, message=f"whether {call.inputs['namespace']} is free shows after apply")
        if found is not None and not _leaving(found):
            _refuse_others(call, found)
        return Plan(outputs={}, message=await self._check_dns_domain(call))

    async def _check_dns_domain(self, call: Call) -> str:
        """Raise ProviderError if the cluster's names end otherwise; return what could not be found out."""
        wanted = call.inputs["dnsDomain"]
        try:
            server = await self.session.api_server()
            found = await cluster_domain(server, wanted, patience=_DNS_PATIENCE)
        except (KubeError, Unreachable) as error:
            return f"not checked: whether the cluster's DNS domain is {wanted} ({error.message})"
        if found == wanted:
            return ""
        raise ProviderError(
            f"the names of this cluster's Services do not end with {wanted}"
            + (f" but with {found}" if found else ""),
            hint=domain_remedy(found),
        )

    async def _check_kinds(self, server: KubeClient, call: Call) -> None:
        """Raise ProviderError for custom kinds that the cluster does not know, or the user may not make."""
        kinds = call.inputs.get("customKinds") or {}
        if not kinds:
            return
        try:
            missing = await missing_kinds(server, kinds)
            lacking = await missing_rights(server, call.inputs["namespace"], rights_on(kinds))
        except KubeError as error:
            words = f"not checked: whether the cluster knows what `monitoring.operator` needs\n{error}"
            await self.session.warn(words, call.urn)
            return
        if missing:
            raise ProviderError(
                f"this cluster knows no {', no '.join(missing)}: prometheus-operator is not there, or is old",
                hint="Install prometheus-operator with its CustomResourceDefinitions. Or take `operator` out "
                "of `monitoring` in the stack file: then a Prometheus of its own watches the instance.",
            )
        if lacking:
            raise _unprepared(call, f"this user may not: {', '.join(lacking)}")

    async def _check_secrets(self, server: KubeClient, call: Call) -> None:
        """Raise ProviderError if pods would not start for want of a Secret; warn of what images may need."""
        namespace, keys = call.inputs["namespace"], call.inputs.get("secretKeys") or {}
        pulling = dict.fromkeys(call.inputs.get("pullSecrets") or (), ())
        try:
            missing = await missing_keys(server, namespace, keys)
            unpulled = await missing_keys(server, namespace, pulling)
        except KubeError as error:
            await self.session.warn(f"not checked: whether the pods' Secrets are there\n{error}", call.urn)
            return
        if unpulled:
            words = (
                f"namespace {namespace} has no {', no '.join(unpulled)}: images that need it are not pulled"
            )
            await self.session.warn(words, call.urn)
        if missing:
            raise ProviderError(
                f"namespace {namespace} has no {', no '.join(missing)}: a pod that reads it would not start",
                hint="Make it first: kubectl create secret generic NAME --from-literal KEY=VALUE "
                f"--namespace {namespace}. Where the namespace is not there yet, `heddle namespace STACK` "
                "prints it for `kubectl apply -f -`.",
            )

    async def create(self, call: Call) -> Created:
        """Make it, or take what was made for this instance; wait while one of its name is being deleted."""
        patience = call.deadline(_PATIENCE)

        def still_there(_: bool) -> ProviderError:
            return ProviderError(
                f"namespace {call.inputs['namespace']}: still being deleted after {patience:.0f} s",
                hint="`kubectl get namespace -o yaml` says under `status` what it waits for.",
            )

        await self._check_dns_domain(call)
        async with KubeClient(await self.session.api_server()) as server:
            await self._check_kinds(server, call)
            await self._check_secrets(server, call)
            await poll(
                lambda _: _made(server, call),
                bool,
                deadline=patience,
                otherwise=still_there,
                until=f"until the former namespace {call.inputs['namespace']} is gone",
            )
        return Created(id=call.inputs["namespace"])

    async def update(self, call: Call) -> Properties:
        """Keep the namespace as it was made; checking the inputs has refused another name."""
        return {}

    async def forget(self, call: Call) -> None:
        """Take the owner's mark off a namespace that stays: the next `up` of any stack may have it then."""
        async with KubeClient(await self.session.api_server()) as server:
            found = await server.get(_path(call))
            if found and not _leaving(found) and _owner(found) == call.inputs["owner"]:
                await _marked(server, found, None)

    async def read(self, call: Call) -> Seen:
        """Read the owner; gone if there is no such namespace, or if it is another stack's by now."""
        async with KubeClient(await self.session.api_server()) as server:
            found = await server.get(_path(call))
        if found is None or _leaving(found) or _owner(found) != call.inputs["owner"]:
            raise Gone
        return Seen(outputs={})


async def _made(server: KubeClient, call: Call) -> bool:
    """Tell whether the namespace is ours now; False: it is being deleted, or changed while we looked."""
    response = await server.send("POST", "/api/v1/namespaces", json=_manifest(call))
    if response.status_code == 201:
        return True
    if response.status_code not in (403, 409):
        raise refusal(response)
    found = await _found(server, call)
    if found is None and response.status_code == 403:
        raise _unprepared(call, refusal(response).message)
    if found is None or _leaving(found):
        return False
    _refuse_others(call, found)
    return _owner(found) == call.inputs["owner"] or await _marked(server, found, call.inputs["owner"])


async def _found(server: KubeClient, call: Call) -> dict[str, Any] | None:
    """Return the namespace, None if there is none. Raises ProviderError for a user who may not look."""
    response = await server.send("GET", _path(call))
    if response.status_code == 403:
        raise _unprepared(call, refusal(response).message)
    if response.status_code not in (200, 404):
        raise refusal(response)
    return dict(response.json()) if response.status_code == 200 else None


async def _check_rights(server: KubeClient, call: Call) -> None:
    """Raise ProviderError, naming them, for rights that the user lacks in the namespace."""
    missing = await missing_rights(server, call.inputs["namespace"])
    if missing:
        raise _unprepared(call, f"this user may not: {', '.join(missing)}")


async def _check_creation(server: KubeClient, call: Call) -> None:
    """Raise ProviderError if the user may not make the namespace, which a dry run says."""
    # Without the owner's mark: in the preview of a new stack its password is not made yet.
    wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": call.inputs["namespace"]}}
    response = await server.send("POST", "/api/v1/namespaces", query={"dryRun": "All"}, json=wanted)
    if response.status_code == 403:
        raise _unprepared(call, refusal(response).message)


def _unprepared(call: Call, why: str) -> ProviderError:
    return ProviderError(
        f"namespace {call.inputs['namespace']}: {why}",
        hint="An administrator of the cluster prepares it and grants what is needed there: "
        "heddle namespace STACK --user NAME | kubectl apply -f -",
    )


async def _marked(server: KubeClient, namespace: dict[str, Any], owner: str | None) -> bool:
    """Write the owner on a namespace, or take it off (None); False if somebody changed it meanwhile."""
    name, version = namespace["metadata"]["name"], namespace["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version, "annotations": {OWNER: owner}}}
    path = f"/api/v1/namespaces/{quote(name)}"
    response = await server.send("PATCH", path, json=patch, content_type="application/merge-patch+json")
    if response.status_code not in (200, 409):
        raise refusal(response)
    return response.status_code == 200


def _manifest(call: Call) -> dict[str, Any]:
    metadata = {
        "name": call.inputs["namespace"],
        "labels": {INSTANCE: call.inputs["instance"]},
        "annotations": {OWNER: call.inputs["owner"]},
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _path(call: Call) -> str:
    return f"/api/v1/namespaces/{quote(call.inputs['namespace'])}"


def _owner(namespace: dict[str, Any]) -> str:
    return str(namespace["metadata"].get("annotations", {}).get(OWNER, ""))


def _leaving(namespace: dict[str, Any]) -> bool:
    return "deletionTimestamp" in namespace["metadata"]


def _refuse_others(call: Call, namespace: dict[str, Any]) -> None:
    """Raise ProviderError unless the namespace is this stack's, or was made for this instance by hand."""
    name, instance, owner = call.inputs["namespace"], call.inputs["instance"], _owner(namespace)
    if owner and not has_unknown(call.inputs["owner"]) and owner == call.inputs["owner"]:
        return
    if not owner and namespace["metadata"].get("labels", {}).get(INSTANCE) == instance:
        return
    if owner:
        message, way = "another stack has it", f"delete it with all in it: kubectl delete namespace {name}"
    else:
        message = f"it is there, and not for instance {instance}"
        way = f"say that it is: kubectl label namespace {name} {INSTANCE}={instance}"
    raise ProviderError(
        f"namespace {name}: {message}",
        hint=f"An instance has a namespace to itself. Give this one another `name` or `namespace`, or {way}",
    )
