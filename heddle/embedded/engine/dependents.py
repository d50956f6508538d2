"""Find what has to go before a resource that is deleted before its replacement exists.

Source: calculateDependentReplacements in pkg/resource/deploy/step_generator.go of pulumi/pulumi.
"""

import asyncio
from collections.abc import Set

from heddle.embedded.engine.actions import Actions
from heddle.embedded.engine.compare import completed, with_replace_on_changes
from heddle.embedded.engine.context import Context
from heddle.embedded.engine.events import Op
from heddle.plugin import interface as api
from heddle.plugin.values import UNKNOWN
from heddle.state.resource import Resource
from heddle.state.urn import split_reference

__all__ = ["Dependents"]


class Dependents:
    """Finds and deletes, for one run."""

    def __init__(self, context: Context, actions: Actions, registered: Set[str]) -> None:
        """Take the URNs that the program has registered so far, which grow as it goes on."""
        self._run = context
        self._actions = actions
        self._registered = registered
        self._going: dict[str, asyncio.Task[None]] = {}

    async def delete_first(self, root: Resource) -> None:
        """Delete a resource that is about to be replaced, its dependents before it.

        All of them stay in the state as owed a replacement, until the program registers them again.
        """
        root = self._run.journal.current(root)
        condemned = [root]
        urns = {root.urn}
        for resource in self._run.journal.base:
            if resource is root or resource.delete or resource.urn in self._registered:
                # What is registered already has not waited for the root: it no longer depends on it.
                continue
            if await self._must_go(resource, urns):
                if resource.protect:
                    raise self._run.fail(
                        f'unable to replace resource "{resource.urn}" as part of replacing "{root.urn}" '
                        "as it is currently marked for protection. To unprotect the resource, remove the "
                        "`protect` flag from the resource in your Pulumi program and run `pulumi up`",
                        resource.urn,
                    )
                condemned.append(resource)
                urns.add(resource.urn)
        for resource in reversed(condemned):
            if resource is not root and resource.urn in self._registered:
                continue
            if resource.urn not in self._going:
                self._going[resource.urn] = asyncio.ensure_future(self._delete(resource, urns))
            # Shared: another root that condemns it too waits for the same deletion.
            await asyncio.shield(self._going[resource.urn])

    async def gone(self, urn: str) -> None:
        """Wait until a resource that is being deleted as a dependent is gone."""
        if urn in self._going:
            await asyncio.shield(self._going[urn])

    async def _delete(self, resource: Resource, urns: set[str]) -> None:
        """Delete one of the condemned, unless an earlier run has."""
        if resource.pending_replacement:
            return
        provider = None
        if resource.provider and not resource.is_provider:
            await self._load(resource)
            provider = self._run.providers.get(resource.provider)
        await self._actions.delete(
            provider,
            resource,
            op=Op.DELETE_REPLACED,
            forget=resource.retain_on_delete or resource.external or resource.deleted_with in urns,
            replaced=True,
        )

    async def _must_go(self, resource: Resource, condemned: set[str]) -> bool:
        """Tell whether a resource is replaced too when the condemned ones are.

        It is when its provider goes, or what it is deleted with, or when its own provider says that it
        must be replaced if the values that come from them change.
        """
        if not resource.custom or resource.external:
            return False
        if resource.provider and split_reference(resource.provider)[0] in condemned:
            return True
        if resource.deleted_with in condemned:
            return True
        inputs = {
            key: UNKNOWN if condemned.intersection(resource.property_dependencies.get(key, ())) else value
            for key, value in resource.inputs.items()
        }
        if UNKNOWN not in inputs.values() or resource.is_provider:
            return False
        await self._load(resource)
        diff = await self._run.providers.get(resource.provider).diff(
            api.DiffRequest(
                urn=resource.urn,
                type=resource.type,
                id=resource.id,
                old_inputs=resource.inputs,
                old_outputs=resource.outputs,
                news=inputs,
                ignore_changes=resource.ignore_changes,
            )
        )
        diff = with_replace_on_changes(
            completed(diff, resource.inputs, inputs), resource.replace_on_changes, resource.inputs, inputs
        )
        return bool(diff.changes and diff.replaces)

    async def _load(self, resource: Resource) -> None:
        """Make the provider that the state names for a resource usable."""
        urn, identifier = split_reference(resource.provider)
        for candidate in self._run.journal.resources:
            if candidate.urn == urn and candidate.id == identifier:
                await self._run.providers.load(candidate)
