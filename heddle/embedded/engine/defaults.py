"""Fill in what a registration leaves open: options inherited from the parent, and default providers.

Source: pkg/resource/deploy/source_eval.go of pulumi/pulumi (inheritFromParent, defaultProviders).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from heddle.embedded.engine.context import Context
from heddle.embedded.engine.goal import Goal
from heddle.embedded.engine.providers import INTERNAL
from heddle.errors import EngineError
from heddle.plugin.values import Properties, Value, secret
from heddle.state.resource import Resource
from heddle.state.urn import PROVIDER_PREFIX, UNKNOWN_ID, package_of, provider_reference, split_reference
from heddle.state.urn import urn_type as type_of

__all__ = ["Defaults"]


@dataclass(frozen=True, kw_only=True)
class _Inherited:
    """The options that children inherit. `providers` are references by package."""

    protect: bool | None = None
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)


class Defaults:
    """Completes goals; `register` is how a default provider is made, by the same way as any resource."""

    def __init__(self, context: Context, register: Callable[[Goal], Awaitable[Resource]]) -> None:
        self._run = context
        self._register = register
        self._inherited: dict[str, _Inherited] = {}
        self._providers: dict[tuple[str, str], asyncio.Task[str]] = {}

    async def complete(self, urn: str, goal: Goal) -> Goal:
        """Return the goal with everything that it inherits, and a provider if it needs one."""
        above = self._inherited.get(goal.parent, _Inherited())
        own = {package_of(type_of(split_reference(goal.provider)[0])): goal.provider} if goal.provider else {}
        providers = {**above.providers, **own, **goal.providers}
        goal = replace(
            goal,
            protect=above.protect if goal.protect is None else goal.protect,
            retain_on_delete=above.retain_on_delete
            if goal.retain_on_delete is None
            else goal.retain_on_delete,
            deleted_with=goal.deleted_with or above.deleted_with,
        )
        self._inherited[urn] = _Inherited(
            protect=goal.protect,
            retain_on_delete=goal.retain_on_delete,
            deleted_with=goal.deleted_with,
            providers=providers,
        )
        if goal.is_provider and goal.version:
            # As the CLI writes it into the state of an explicit provider: else it finds a change there.
            return replace(goal, inputs=goal.inputs | {"version": goal.version, INTERNAL: {}})
        if not goal.custom or goal.is_provider or goal.provider:
            return goal
        package = package_of(goal.type)
        reference = providers.get(package) or await self.provider(package, goal.version)
        return replace(goal, provider=reference)

    async def provider(self, package: str, version: str) -> str:
        """Return the reference of a package's default provider, made when it is first needed."""
        key = (package, version)
        if key not in self._providers:
            self._providers[key] = asyncio.ensure_future(self._make(package, version))
        return await asyncio.shield(self._providers[key])

    async def _make(self, package: str, version: str) -> str:
        """Register a default provider with what the configuration says for its package."""
        disabled = json.loads(self._run.config.get("pulumi:disable-default-providers") or "[]")
        if package in disabled or "*" in disabled:
            raise EngineError(
                f"Default provider for '{package}' disabled.", hint="Give the resource an explicit provider."
            )
        inputs: Properties = {}
        for key, text in self._run.config.items():
            namespace, _, name = key.partition(":")
            if namespace == package:
                value: Value = text
                inputs[name] = secret(value) if key in self._run.config_secrets else value
        if version:
            inputs |= {"version": version, INTERNAL: {}}
        suffix = f"_{version.replace('.', '_').replace('-', '_').replace('+', '_')}" if version else ""
        goal = Goal(
            type=f"{PROVIDER_PREFIX}{package}",
            name=f"default{suffix}",
            custom=True,
            inputs=inputs,
            property_dependencies={},
            providers={},
            custom_timeouts={},
        )
        made = await self._register(goal)
        return provider_reference(made.urn, made.id or UNKNOWN_ID)

    async def replaces(self, old: str, new: str, renamed: Mapping[str, str]) -> bool:
        """Tell whether going from one provider to another replaces what the old one made.

        Args:
            old: reference of the provider in the state.
            new: reference of the provider that the program names.
            renamed: former URNs by present ones.
        """
        old_urn, new_urn = split_reference(old)[0], split_reference(new)[0]
        if old_urn == new_urn or renamed.get(new_urn) == old_urn:
            # The same one: its own diff has said whether it is replaced, and its resources with it.
            return split_reference(old)[1] != split_reference(new)[1] and old_urn == new_urn
        before = next((item for item in self._run.journal.resources if item.urn == old_urn), None)
        after = next((item for item in self._run.journal.done if item.urn == new_urn), None)
        if before is None or after is None:
            return True
        diff = await self._run.providers.get(new).diff_config(new_urn, before.inputs, after.inputs)
        return bool(diff.changes and diff.replaces)
