"""Turn a registration into steps: what of a resource is kept, changed, replaced or made.

Source: generateResourceSteps to continueStepsFromDiff in pkg/resource/deploy/step_generator.go.
"""

from dataclasses import dataclass, replace

from heddle.embedded.engine.actions import Actions, Crud, explain
from heddle.embedded.engine.aliases import alias_urns
from heddle.embedded.engine.compare import compare, completed, with_replace_on_changes
from heddle.embedded.engine.context import Context, Stopped
from heddle.embedded.engine.defaults import Defaults
from heddle.embedded.engine.dependents import Dependents
from heddle.embedded.engine.events import Op, Phase
from heddle.embedded.engine.goal import Goal
from heddle.embedded.engine.property_paths import reset
from heddle.plugin import interface as api
from heddle.plugin.interface import DiffKind, Severity
from heddle.plugin.values import Properties, plain
from heddle.state.resource import Resource
from heddle.state.urn import make_urn, urn_name

__all__ = ["Registrar"]


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A registration as far as it is known when its inputs are checked."""

    goal: Goal
    old: Resource | None
    new: Resource
    provider: Crud | None


class Registrar:
    """Deals with the registrations of one run, which arrive concurrently."""

    def __init__(self, context: Context) -> None:
        self._run = context
        self._actions = Actions(context)
        self._defaults = Defaults(context, self.register)
        self._seen: set[str] = set()
        self._dependents = Dependents(context, self._actions, self._seen)
        self._renamed: dict[str, str] = {}
        self._replaced: set[str] = set()

    async def register(self, goal: Goal) -> Resource:
        """Make one resource what the program wants; return its new state.

        Raises Stopped when that fails, or something failed before; the cause has been told.
        """
        self._run.check_running()
        urn = make_urn(
            stack=self._run.stack,
            project=self._run.project,
            parent=goal.parent,
            type=goal.type,
            name=goal.name,
        )
        if urn in self._seen:
            raise self._run.fail(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
        self._seen.add(urn)
        try:
            goal = await self._defaults.complete(urn, goal)
            plan = await self._plan(urn, goal)
            return await self._decide(plan)
        except Stopped:
            raise
        except Exception as error:
            raise self._run.fail(explain(error), urn) from error

    async def default_provider(self, package: str, version: str) -> str:
        """Return the reference of a package's default provider."""
        return await self._defaults.provider(package, version)

    async def _plan(self, urn: str, goal: Goal) -> _Plan:
        """Find what the state knows and let the provider check the inputs."""
        await self._dependents.gone(urn)
        old, aliases = self._find(urn, goal)
        new = _wanted(urn, goal, aliases)
        provider: Crud | None = None
        if goal.is_provider:
            provider = self._run.providers
        elif goal.custom:
            provider = self._run.providers.get(goal.provider)
        if provider is None:
            return _Plan(goal=goal, old=old, new=new, provider=None)
        if old is not None and goal.ignore_changes:
            inputs, lost = reset(goal.inputs, old.inputs, goal.ignore_changes)
            if lost:
                quoted = ", ".join(f'"{path}"' for path in lost)
                text = f"cannot ignore changes in added or removed elements of the path: {quoted}"
                self._run.say(Severity.INFO, text, urn)
            new = replace(new, inputs=inputs)
        # What was deleted to be replaced has nothing that a successor could take over.
        olds = old.inputs if old is not None and not old.pending_replacement else {}
        inputs = await self._check(provider, new, olds)
        return _Plan(goal=goal, old=old, new=replace(new, inputs=inputs), provider=provider)

    def _find(self, urn: str, goal: Goal) -> tuple[Resource | None, tuple[str, ...]]:
        """Return the old state, and the former URN when it was known under one."""
        former = alias_urns(goal, stack=self._run.stack, project=self._run.project, renamed=self._renamed)
        for candidate in (urn, *former):
            old = self._run.journal.old(candidate)
            if old is None:
                continue
            if candidate == urn:
                return old, ()
            if candidate in self._seen:
                raise self._run.fail(
                    f"resource {candidate} is claimed by {urn} as its alias but exists too", urn
                )
            self._seen.add(candidate)
            self._renamed[urn] = candidate
            if goal.is_provider:
                self._run.providers.alias(urn, candidate)
            return old, (candidate,)
        return None, ()

    async def _check(self, provider: Crud, new: Resource, olds: Properties) -> Properties:
        """Return checked inputs; tells every failure and raises Stopped when there is one."""
        result = await provider.check(
            api.CheckRequest(urn=new.urn, type=new.type, name=urn_name(new.urn), olds=olds, news=new.inputs)
        )
        for failure in result.failures:
            name = urn_name(new.urn)
            if failure.property:
                # As the provider has it, which knows what of it is secret.
                key = failure.property.partition(".")[0].partition("[")[0]
                value = plain(result.inputs.get(key, new.inputs.get(key)))
                text = (
                    f"{new.type} resource '{name}': property {failure.property} value {{{value}}} "
                    f"has a problem: {failure.reason}"
                )
            else:
                text = f"{new.type} resource '{name}' has a problem: {failure.reason}"
            self._run.fail(text, new.urn)
        if result.failures:
            raise Stopped(f"{new.urn} has check errors")
        return result.inputs

    async def _decide(self, plan: _Plan) -> Resource:
        """Compare with the state and take the steps."""
        old, new, provider = plan.old, plan.new, plan.provider
        if provider is None:
            return self._component(old, new)
        if old is None:
            return await self._actions.create(provider, new)
        if old.pending_replacement:
            # Deleted already, in this run as a dependent of another or in one that was interrupted.
            return await self._recreate(plan, replaces=())
        diff = await self._diff(plan, old, provider)
        if diff.changes and diff.replaces:
            return await self._replace(plan, old, provider, diff)
        if diff.changes or old.init_errors:
            detailed = _detailed(diff, old, new)
            return await self._actions.update(provider, old, new, detailed, plan.goal.ignore_changes)
        if plan.goal.is_provider:
            await self._run.providers.settle(new.urn, old.id, new.inputs)
        return self._actions.same(old, new)

    def _component(self, old: Resource | None, new: Resource) -> Resource:
        """Record a component; one that was a custom resource is another thing under the same name."""
        if old is None:
            return self._actions.component(Op.CREATE, None, new)
        if compare(old.inputs, new.inputs):
            return self._actions.component(Op.UPDATE, old, new)
        return self._actions.same(old, new)

    async def _diff(self, plan: _Plan, old: Resource, provider: Crud) -> api.DiffResult:
        """Say what differs: its companions first, then its provider, then its inputs."""
        new = plan.new
        if new.deleted_with in self._replaced:
            return api.DiffResult(changes=True, replaces=("deletedWith",))
        if await self._provider_replaces(old, new):
            return api.DiffResult(changes=True, replaces=("provider",))
        request = api.DiffRequest(
            urn=new.urn,
            type=new.type,
            id=old.id,
            old_inputs=old.inputs,
            old_outputs=old.outputs,
            news=new.inputs,
            ignore_changes=plan.goal.ignore_changes,
        )
        diff = completed(await provider.diff(request), old.inputs, new.inputs)
        return with_replace_on_changes(diff, plan.goal.replace_on_changes, old.inputs, new.inputs)

    async def _provider_replaces(self, old: Resource, new: Resource) -> bool:
        """Tell whether the resource now has a provider that cannot go on with what the old one made."""
        if old.provider == new.provider or not new.provider:
            return old.provider != new.provider
        return await self._defaults.replaces(old.provider, new.provider, self._renamed)

    async def _replace(self, plan: _Plan, old: Resource, provider: Crud, diff: api.DiffResult) -> Resource:
        """Replace a resource, in the order that the program or the provider asks for."""
        if old.protect and plan.new.protect:
            message = (
                f'unable to replace resource "{plan.new.urn}"\nas it is currently marked for protection. To '
                "unprotect the resource, remove the `protect` flag from the resource in your Pulumi program "
                "and run `pulumi up`"
            )
            raise self._run.fail(message, plan.new.urn)
        self._replaced.add(plan.new.urn)
        # Defaults that were carried over from the old resource are not the new one's.
        inputs = await self._check(provider, replace(plan.new, inputs=plan.goal.inputs), {})
        plan = replace(plan, new=replace(plan.new, inputs=inputs))
        first = plan.goal.delete_before_replace
        if diff.delete_before_replace if first is None else first:
            await self._dependents.delete_first(old)
            return await self._recreate(plan, replaces=diff.replaces, detailed=_detailed(diff, old, plan.new))
        new = await self._actions.create(
            provider, plan.new, op=Op.CREATE_REPLACEMENT, old=old, keep_old=True, replaces=diff.replaces
        )
        self._counted(old, new, diff.replaces, _detailed(diff, old, new))
        return new

    async def _recreate(
        self, plan: _Plan, *, replaces: tuple[str, ...], detailed: dict[str, DiffKind] | None = None
    ) -> Resource:
        """Create what was deleted to make room for it."""
        if plan.provider is None:
            raise self._run.fail("a component cannot be replaced", plan.new.urn)
        self._replaced.add(plan.new.urn)
        gone = self._run.journal.old(plan.old.urn if plan.old else plan.new.urn)
        new = await self._actions.create(
            plan.provider, plan.new, op=Op.CREATE_REPLACEMENT, old=gone, replaces=replaces
        )
        self._counted(gone, new, replaces, detailed or {})
        return new

    def _counted(
        self,
        old: Resource | None,
        new: Resource,
        replaces: tuple[str, ...],
        detailed: dict[str, DiffKind],
    ) -> None:
        """Tell the replacement as one thing: its two halves are not counted."""
        self._run.step(Op.REPLACE, Phase.DONE, old=old, new=new, detailed=detailed, replaces=replaces)


def _wanted(urn: str, goal: Goal, aliases: tuple[str, ...]) -> Resource:
    """Return the state that a goal describes, before its provider has seen it."""
    return Resource(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        inputs=goal.inputs,
        parent=goal.parent,
        protect=bool(goal.protect),
        retain_on_delete=bool(goal.retain_on_delete),
        deleted_with=goal.deleted_with,
        provider=goal.provider if goal.custom else "",
        dependencies=goal.dependencies,
        property_dependencies=goal.property_dependencies,
        additional_secret_outputs=goal.additional_secret_outputs,
        custom_timeouts=goal.custom_timeouts,
        ignore_changes=goal.ignore_changes,
        replace_on_changes=goal.replace_on_changes,
        aliases=aliases,
        source_position=goal.source_position,
    )


def _detailed(diff: api.DiffResult, old: Resource, new: Resource) -> dict[str, DiffKind]:
    """Return what differs, by path, the provider's word first."""
    return diff.detailed if diff.detailed is not None else compare(old.inputs, new.inputs)
