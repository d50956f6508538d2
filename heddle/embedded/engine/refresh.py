"""Read what really is, and make the state say so.

Drift is what an `up` of the same program would change right after, seen from the other side. The provider
compares inputs, so that what never means a change (a renewed credential, a status) is no drift, and what the
outputs do not show is seen at once.

Source: RefreshStep in pkg/resource/deploy/step.go and refresh in pkg/resource/deploy/deployment_executor.go.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from heddle.embedded.engine.actions import annotated, explain, is_default_provider
from heddle.embedded.engine.compare import compare, completed
from heddle.embedded.engine.context import Context
from heddle.embedded.engine.events import Op, Phase
from heddle.embedded.engine.property_paths import reset
from heddle.plugin import interface as api
from heddle.plugin.interface import DiffKind, Severity
from heddle.state.backend import now
from heddle.state.resource import Resource
from heddle.state.urn import urn_name

__all__ = ["refresh_all"]

_INVERSE = {
    DiffKind.ADD: DiffKind.DELETE,
    DiffKind.ADD_REPLACE: DiffKind.DELETE_REPLACE,
    DiffKind.DELETE: DiffKind.ADD,
    DiffKind.DELETE_REPLACE: DiffKind.ADD_REPLACE,
}


async def refresh_all(context: Context) -> None:
    """Read every resource that has a provider. Raises Stopped when one cannot be read."""
    resources = context.journal.base
    for resource in resources:
        if resource.is_provider and not resource.delete:
            try:
                await context.providers.load(resource)
            except Exception as error:
                raise context.fail(explain(error), resource.urn) from error
    read = [item for item in resources if item.custom and not item.is_provider]
    gone = await asyncio.gather(*(_refresh(context, resource) for resource in read))
    _forget(context, [resource for resource, is_gone in zip(read, gone, strict=True) if is_gone])
    context.check_running()
    for resource in resources:
        if resource not in read:
            internal = is_default_provider(resource)
            context.step(Op.SAME, Phase.DONE, old=resource, new=resource, internal=internal)


async def _refresh(context: Context, old: Resource) -> bool:
    """Read one resource; tell whether it is gone."""
    if old.delete or old.pending_replacement:
        return False
    context.step(Op.REFRESH, Phase.STARTED, old=old, new=old)
    request = api.ReadRequest(
        urn=old.urn,
        type=old.type,
        name=urn_name(old.urn),
        id=old.id,
        inputs=old.inputs,
        properties=old.outputs,
    )
    detailed: Mapping[str, DiffKind] = {}
    try:
        provider = context.providers.get(old.provider)
        async with context.call():
            new = await _read(context, provider, request, old)
            if new is not None:
                detailed = await _drift(provider, old, new)
    except Exception as error:
        context.step(Op.REFRESH, Phase.FAILED, old=old, new=old)
        if not context.failed and not context.cancelled:
            context.fail(explain(error), old.urn)
        return False
    if new is None:
        context.step(Op.DELETE, Phase.DONE, old=old, new=None)
        return True
    op = Op.UPDATE if detailed else Op.SAME
    context.journal.amend(old, new)
    context.step(op, Phase.DONE, old=old, new=new, detailed=detailed)
    return False


async def _read(
    context: Context, provider: api.Provider, request: api.ReadRequest, old: Resource
) -> Resource | None:
    """Return the resource as it is, None if it is gone; what is there but broken is a warning."""
    errors: tuple[str, ...] = ()
    try:
        result = await provider.read(request)
    except api.PartialFailure as failure:
        result = api.ReadResult(id=failure.id, inputs=failure.inputs, properties=failure.properties)
        errors = failure.reasons
        context.say(Severity.WARNING, "; ".join(errors), old.urn)
    if not result.id:
        return None
    new = replace(
        old,
        id=result.id,
        inputs=result.inputs or old.inputs,
        outputs=annotated(old, result.properties),
        init_errors=errors,
    )
    return old if old.alike(new) else replace(new, modified=now())


async def _drift(provider: api.Provider, old: Resource, new: Resource) -> Mapping[str, DiffKind]:
    """Return what differs from the state, by path, as the provider sees it."""
    if old.external:  # not made here: its inputs are no wish of anybody
        return compare(old.outputs, new.outputs)
    wanted, _ = reset(old.inputs, new.inputs, old.ignore_changes)
    diff = await provider.diff(
        api.DiffRequest(
            urn=new.urn,
            type=new.type,
            id=new.id,
            old_inputs=new.inputs,
            old_outputs=new.outputs,
            news=wanted,
            ignore_changes=old.ignore_changes,
        )
    )
    diff = completed(diff, new.inputs, wanted)
    if not diff.changes:
        return {}
    # Asked what would lead back to the state; told is what led away from it.
    back = diff.detailed if diff.detailed is not None else compare(new.inputs, wanted)
    return {path: _INVERSE.get(kind, kind) for path, kind in back.items()}


def _forget(context: Context, gone: list[Resource]) -> None:
    """Drop what is gone, and what others said of it; a predecessor of its URN, yet to be deleted, stays."""
    for resource in gone:
        context.journal.drop(resource)
    parents = {resource.urn: resource.parent for resource in gone}
    before: set[str] = set()
    for resource in context.journal.base:
        lost = parents.keys() - before
        if resource.references & lost:
            context.journal.amend(resource, _without(resource, lost, parents))
        before.add(resource.urn)


def _without(resource: Resource, lost: set[str], parents: Mapping[str, str]) -> Resource:
    """Return a state that refers to nothing `lost`; whose parent is gone is its grandparent's."""
    parent = resource.parent
    while parent in lost:
        parent = parents[parent]
    return replace(
        resource,
        parent=parent,
        deleted_with="" if resource.deleted_with in lost else resource.deleted_with,
        dependencies=tuple(urn for urn in resource.dependencies if urn not in lost),
        property_dependencies={
            key: tuple(urn for urn in urns if urn not in lost)
            for key, urns in resource.property_dependencies.items()
        },
    )
