"""Delete what the program no longer has, dependents before what they need, the rest at once.

Source: GenerateDeletes and ScheduleDeletes in pkg/resource/deploy/step_generator.go of pulumi/pulumi.
"""

import asyncio
from collections.abc import Iterable

from heddle.embedded.engine.actions import Actions, explain
from heddle.embedded.engine.context import Context, Stopped
from heddle.embedded.engine.events import Op
from heddle.plugin.interface import Provider, Severity
from heddle.state.resource import Resource
from heddle.state.urn import provider_reference

__all__ = ["remove_rest"]


async def remove_rest(context: Context) -> None:
    """Delete everything in the state that no step has dealt with. Raises Stopped when something remains.

    Nothing is deleted while something of it is protected. The CLI deletes the others first: of a network that
    was to stay, its nodes.
    """
    actions = Actions(context)
    condemned = context.journal.base
    if [resource for resource in condemned if _protected(context, resource)]:
        raise Stopped("nothing was deleted")
    await _load_providers(context, condemned)
    ends = {resource: asyncio.Event() for resource in condemned}
    survivors: list[Resource] = []
    users = _users(condemned)
    leaving = {resource.urn for resource in condemned}

    async def remove(resource: Resource) -> None:
        try:
            waited = users.get(resource, [])
            for user in waited:
                await ends[user].wait()
            if any(user in survivors for user in waited):
                survivors.append(resource)
                return
            await _remove(context, actions, resource, leaving)
        except Stopped:
            survivors.append(resource)
        except Exception as error:
            context.fail(explain(error), resource.urn)
            survivors.append(resource)
        finally:
            ends[resource].set()

    await asyncio.gather(*(remove(resource) for resource in condemned))
    if survivors:
        raise Stopped("not everything was deleted")


def _users(resources: Iterable[Resource]) -> dict[Resource, list[Resource]]:
    """Return who refers to each resource: all of them come later in the state.

    What refers to its URN but comes before it means another, whose place this one, replaced, has lost.
    """
    users: dict[Resource, list[Resource]] = {}
    named: dict[str, list[Resource]] = {}
    for resource in resources:
        for urn in resource.references:
            for needed in named.get(urn, ()):
                users.setdefault(needed, []).append(resource)
        named.setdefault(resource.urn, []).append(resource)
    return users


def _protected(context: Context, resource: Resource) -> bool:
    """Tell, and say, whether a resource must not be deleted; what was replaced was judged by then."""
    if not resource.protect or resource.pending_replacement or resource.delete:
        return False
    context.say(
        Severity.ERROR,
        f'resource "{resource.urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, '
        "either remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`, "
        f"or use the command:\n`pulumi state unprotect '{resource.urn}'`",
        resource.urn,
    )
    return True


async def _load_providers(context: Context, condemned: list[Resource]) -> None:
    """Make the providers of what is deleted usable, as the state has them."""
    needed = {resource.provider for resource in condemned if resource.provider and not _forgets(resource)}
    for resource in context.journal.resources:
        if resource.is_provider and provider_reference(resource.urn, resource.id) in needed:
            try:
                await context.providers.load(resource)
            except Exception as error:
                raise context.fail(explain(error), resource.urn) from error


def _forgets(resource: Resource) -> bool:
    """Tell whether only the state loses the resource."""
    return resource.retain_on_delete or resource.external or resource.pending_replacement


async def _remove(context: Context, actions: Actions, resource: Resource, leaving: set[str]) -> None:
    """Delete one resource, or forget it; what was only owed a replacement goes without a word."""
    if resource.pending_replacement:
        context.journal.drop(resource)
        return
    provider: Provider | None = None
    if resource.custom and not resource.is_provider and not _forgets(resource):
        provider = context.providers.get(resource.provider)
    forget = _forgets(resource) or resource.deleted_with in leaving
    op = Op.DELETE_REPLACED if resource.delete else Op.DELETE
    await actions.delete(provider, resource, op=op, forget=forget)
