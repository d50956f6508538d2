"""Create, change and read one object: blocking calls, which provider.py makes in threads.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go, provider/pkg/await/await.go.
"""

import os
import secrets
from collections.abc import Callable

from heddle.embedded.engine.kubernetes.api import Api, ApiError
from heddle.embedded.engine.kubernetes.checkpoint import (
    LAST_APPLIED,
    checkpoint,
    initial_api_version,
    parse,
    with_secrets,
)
from heddle.embedded.engine.kubernetes.former import bare, former_manager
from heddle.embedded.engine.kubernetes.ignoring import without_ignored
from heddle.embedded.engine.kubernetes.kinds import kind_of_type
from heddle.embedded.engine.kubernetes.naming import field_manager
from heddle.embedded.engine.kubernetes.normal import normal
from heddle.embedded.engine.kubernetes.objects import (
    Json,
    at,
    from_properties,
    id_of,
    is_true,
    kind_id,
    name_of,
    namespace_of,
    split_id,
    with_metadata,
    without,
)
from heddle.embedded.engine.kubernetes.prune import pruned
from heddle.embedded.engine.kubernetes.readiness import NotReady, check_now, path_of, timeout_of, wait_ready
from heddle.embedded.engine.kubernetes.telling import Teller
from heddle.errors import HeddleError, ProviderError
from heddle.plugin.interface import (
    CreateRequest,
    CreateResult,
    PartialFailure,
    ReadRequest,
    ReadResult,
    UpdateRequest,
    UpdateResult,
)
from heddle.plugin.values import Properties

__all__ = ["create", "read", "update"]

_PATCH_FORCE = "pulumi.com/patchForce"
# A namespace or kind may be on its way: together some 30 s, as 4.28 gives it.
_RETRIES = (0.1, 0.2, 0.5, 1, 2, 4, 8, 15)
_CONFLICT_LINK = (
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/"
    "managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources"
)


def create(api: Api, request: CreateRequest, tell: Teller) -> CreateResult:
    """Create the object, or adopt one of its name, and wait until it is ready.

    Raises PartialFailure when it exists but does not become ready, ProviderError when it was not created.
    """
    inputs = from_properties(request.inputs)
    manager = field_manager(inputs, request.inputs)
    try:
        live = _created(api, inputs, manager, dry_run=request.preview)
    except ApiError as error:
        if request.preview and (
            error.forbidden
            or error.namespace_missing
            or error.kind_missing
            or error.already_exists
            or _no_dry_run(error)
        ):
            return CreateResult(id="", properties=request.inputs)
        raise _uncreated(error, inputs) from error

    def stored(obj: Json) -> Properties:
        version = str(inputs.get("apiVersion"))
        return checkpoint(inputs=inputs, live=obj, given=request.inputs, version=version, manager=manager)

    if request.preview:
        return CreateResult(id="", properties=stored(without(live, "status")))
    if former := former_manager(live, manager):
        live = _applied(api, bare(inputs), manager, dry_run=False)
        manager = former
    try:
        live = wait_ready(api, live, inputs, timeout=timeout_of(request.timeout, inputs), tell=tell)
    except HeddleError as error:
        said = "was created, but failed to fully initialize or become live"
        raise _partial(error, live, inputs, stored, said) from error
    return CreateResult(id=id_of(live), properties=stored(live))


def _uncreated(error: ApiError, inputs: Json) -> ProviderError:
    what = f"{kind_id(inputs)} {id_of(inputs)}"
    if error.kind_missing:
        return ProviderError(
            f"{what} was not created: the Kubernetes API server does not know this kind",
            hint="Verify that its CustomResourceDefinition has been created.",
        )
    return ProviderError(f"{what} was not created by the Kubernetes API server: {error.message}")


def _created(api: Api, inputs: Json, manager: str, *, dry_run: bool) -> Json:
    """Apply; while the namespace or the kind does not exist yet, again."""
    for pause in (*_RETRIES, 0):
        try:
            return _applied(api, inputs, manager, dry_run=dry_run)
        except ApiError as error:
            if dry_run and error.immutable:
                other = with_metadata(inputs, name=f"{name_of(inputs)}{secrets.token_hex(3)[:5]}")
                return _applied(api, other, manager, dry_run=True)
            if not error.not_found or dry_run or not pause or api.stop.wait(pause):
                raise
    raise AssertionError("the last try answers or raises")


def _applied(api: Api, inputs: Json, manager: str, *, dry_run: bool) -> Json:
    force = _forced(inputs, None, preview=dry_run)
    try:
        return api.apply(path_of(inputs), inputs, manager=manager, force=force, dry_run=dry_run, warn=True)
    except ApiError as error:
        raise _explained(error, manager) from error


def _explained(error: ApiError, manager: str) -> ApiError:
    """Return the error, a conflict of field managers with what to do about it."""
    if not error.conflict:
        return error
    words = (
        f"server-side apply field conflict detected, see {_CONFLICT_LINK} for troubleshooting help\n"
        f'The resource managed by field manager "{manager}" had an apply conflict: {error.message}'
    )
    return ApiError(error.status, {**error.body, "message": words})


def _forced(inputs: Json, live: Json | None, *, preview: bool) -> bool:
    """Tell whether to take fields over from other managers."""
    if is_true(inputs, _PATCH_FORCE):
        return True
    if (asked := os.environ.get("PULUMI_K8S_ENABLE_PATCH_FORCE")) is not None:
        return asked == "true"
    if live is None:
        return preview
    managed = at(live, "metadata", "managedFields") or []
    ours = ("pulumi-resource-kubernetes", "pulumi-kubernetes", "pulumi-kubernetes.exe")
    updated = [entry.get("manager") for entry in managed if entry.get("operation") == "Update"]
    return not managed or (preview and any(manager in ours for manager in updated))


def _no_dry_run(error: ApiError) -> bool:
    return error.status == 400 and "does not support dry run" in error.message


def _partial(
    error: HeddleError, live: Json, inputs: Json, stored: Callable[[Json], Properties], said: str
) -> PartialFailure:
    """Return what saves an object that exists but is not as it should be."""
    obj = error.obj if isinstance(error, NotReady) else live
    reasons = error.reasons if isinstance(error, NotReady) else []
    first = f"{kind_id(inputs)} {id_of(obj)} {said}: {error.message}"
    properties = stored(obj)
    given = properties["__inputs"]
    return PartialFailure(
        id=id_of(obj),
        properties=properties,
        inputs=given if isinstance(given, dict) else {},
        reasons=[first, *reasons],
    )


def update(api: Api, request: UpdateRequest, tell: Teller) -> UpdateResult:
    """Apply the new inputs to the live object and wait until it is ready.

    Raises PartialFailure with the object's real state when that does not succeed.
    """
    new = normal(from_properties(request.news))
    old_inputs, old_live = parse(request.old_outputs)
    manager = field_manager(new, request.old_outputs)
    version = initial_api_version(request.old_outputs, old_inputs)

    def stored(obj: Json) -> Properties:
        return checkpoint(inputs=new, live=obj, given=request.news, version=version, manager=manager)

    path = path_of(new, name_of(old_live))
    try:
        live = _changed(api, path, new, request, manager)
        if not request.preview:
            live = wait_ready(api, live, new, timeout=timeout_of(request.timeout, new), tell=tell)
    except (ApiError, NotReady) as error:
        if request.preview:
            if isinstance(error, ApiError) and (error.forbidden or error.kind_missing):
                return UpdateResult(properties=request.news)
            raise ProviderError(f"update of {kind_id(new)} {request.id} failed: {error.message}") from error
        said = "failed to fully initialize or become live"
        raise _partial(error, _still(api, path, error), new, stored, said) from error
    before = field_manager(old_inputs, request.old_outputs)
    if before != manager and not request.preview:
        _relinquish(api, path, live, before)
    return UpdateResult(properties=stored(live))


def _changed(api: Api, path: str, new: Json, request: UpdateRequest, manager: str) -> Json:
    before = api.get(path)
    wanted = without_ignored(new, before, request.ignore_changes, manager)
    force = _forced(new, before, preview=request.preview)
    try:
        return api.apply(path, wanted, manager=manager, force=force, dry_run=request.preview, warn=False)
    except ApiError as error:
        raise _explained(error, manager) from error


def _still(api: Api, path: str, error: HeddleError) -> Json:
    """Return the object as it is after a failed change; raises when there is none."""
    try:
        return api.get(path)
    except HeddleError as second:
        raise ProviderError(
            f"update failed: {error.message}; unable to get cluster state: {second.message}"
        ) from error


def _relinquish(api: Api, path: str, live: Json, manager: str) -> None:
    """Take a former field manager's claims back: an empty application owns nothing."""
    metadata = {"name": name_of(live)} | ({"namespace": namespace_of(live)} if namespace_of(live) else {})
    empty = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
    api.apply(path, empty, manager=manager, force=True, dry_run=False, warn=False)


def read(api: Api, request: ReadRequest) -> ReadResult:
    """Read the live object.

    Returns an empty id when the API server says that there is none; raises PartialFailure when it is there,
    but not ready.
    """
    namespace, name = split_id(request.id)
    old_inputs = normal(from_properties(request.inputs))
    importing = not old_inputs.get("kind")
    if importing:
        kind = kind_of_type(request.type)
        identity = {"name": name} | ({"namespace": namespace} if namespace else {})
        old_inputs = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": identity, **old_inputs}
    live = api.find(path_of(old_inputs, name))
    if live is None:
        return ReadResult(id="", inputs={}, properties={})
    inputs = _inputs_of(live) if importing else pruned(live, old_inputs)
    properties = checkpoint(
        inputs=inputs,
        live=live,
        given=request.inputs,
        version=initial_api_version(request.properties, old_inputs),
        manager=field_manager(old_inputs, request.properties),
    )
    result = ReadResult(id=request.id, inputs=with_secrets(inputs, request.inputs), properties=properties)
    if not importing:
        _judged(api, live, old_inputs, result)
    return result


def _judged(api: Api, live: Json, inputs: Json, result: ReadResult) -> None:
    try:
        check_now(api, live, inputs)
    except NotReady as error:
        raise PartialFailure(
            id=result.id,
            properties=result.properties,
            inputs=result.inputs,
            reasons=[error.message, *error.reasons],
        ) from error


def _inputs_of(live: Json) -> Json:
    """Return an unknown object's inputs: all of it that a program could have written."""
    inputs = without(normal(without(live, "status")), "metadata", "annotations", LAST_APPLIED)
    return without(inputs, "metadata", "annotations", "deployment.kubernetes.io/revision")
