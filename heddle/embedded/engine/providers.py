"""Keep provider instances by reference, and provider resources as resources.

A provider resource (`pulumi:providers:PACKAGE`) is created, compared and updated like any other resource; its
provider is this registry, which checks with a fresh instance and configures it when the resource is settled.

Source: pkg/resource/deploy/providers/registry.go of pulumi/pulumi.
"""

import uuid
from collections.abc import Mapping

from heddle.errors import EngineError, NeedsCli
from heddle.plugin import interface as api
from heddle.plugin.values import Properties, has_unknown
from heddle.state.resource import Resource
from heddle.state.urn import UNKNOWN_ID, package_of, provider_reference, split_reference

__all__ = ["INTERNAL", "Registry"]

INTERNAL = "__internal"
"""Input of a provider resource that is the engine's own: name, parameters, download address."""


class Registry:
    """All providers of one run. Factories by package; `log` is given to every provider."""

    def __init__(self, factories: Mapping[str, api.ProviderFactory], log: api.Log) -> None:
        self._factories = factories
        self._log = log
        self._checked: dict[str, api.Provider] = {}
        self._configured: dict[str, api.Provider] = {}

    def get(self, reference: str) -> api.Provider:
        """Return a configured provider. Raises EngineError when the program never made it."""
        provider = self._configured.get(reference)
        if provider is None:
            raise EngineError(f"unknown provider {reference}")
        return provider

    async def load(self, resource: Resource) -> None:
        """Make a provider of the state usable, as its inputs there say."""
        reference = provider_reference(resource.urn, resource.id)
        if reference not in self._configured:
            provider = self._make(resource.type)
            await provider.configure(_public(resource.inputs))
            self._configured[reference] = provider

    def alias(self, urn: str, old: str) -> None:
        """Let a provider answer to its former URN too."""
        for reference, provider in list(self._configured.items()):
            known, identifier = split_reference(reference)
            if known == old:
                self._configured[provider_reference(urn, identifier)] = provider

    async def settle(self, urn: str, identifier: str, inputs: Properties) -> None:
        """Configure the instance that checked these inputs, and use it from now on.

        With unknown inputs (in previews) it is not configured: nothing can be asked of it yet.
        """
        provider = self._checked.pop(urn)
        if has_unknown(inputs):
            provider = _Unconfigured(provider)
        else:
            await provider.configure(_public(inputs))
        self._configured[provider_reference(urn, identifier or UNKNOWN_ID)] = provider

    async def cancel(self) -> None:
        """Ask every provider to give up what is under way."""
        for provider in [*self._configured.values()]:
            await provider.cancel()

    async def close(self) -> None:
        """Close every provider that was made."""
        for provider in {
            id(one): one for one in (*self._configured.values(), *self._checked.values())
        }.values():
            await provider.close()

    def _make(self, type_token: str) -> api.Provider:
        package = package_of(type_token)
        factory = self._factories.get(package)
        if factory is None:
            raise NeedsCli(
                f"the program uses package {package!r}: this needs the CLI",
                hint=f"The embedded engine serves {', '.join(sorted(self._factories))}.",
            )
        return factory(self._log)

    # What a provider does for its resources, done for provider resources.

    async def check(self, request: api.CheckRequest) -> api.CheckResult:
        """Check a provider's configuration with a fresh instance of it."""
        provider = self._make(request.type)
        self._checked[request.urn] = provider
        internal = {key: value for key, value in request.news.items() if key == INTERNAL}
        result = await provider.check_config(request.urn, _public(request.olds), _public(request.news))
        return api.CheckResult(inputs={**result.inputs, **internal}, failures=result.failures)

    async def diff(self, request: api.DiffRequest) -> api.DiffResult:
        """Compare configurations; one that is not known yet counts as changed, not as replaced."""
        if has_unknown(request.news):
            return api.DiffResult(changes=True)
        provider = self._checked[request.urn]
        return await provider.diff_config(request.urn, _public(request.old_inputs), _public(request.news))

    async def create(self, request: api.CreateRequest) -> api.CreateResult:
        """Give a provider its id and configure it."""
        identifier = "" if request.preview else str(uuid.uuid4())
        await self.settle(request.urn, identifier, request.inputs)
        return api.CreateResult(id=identifier, properties=_public(request.inputs))

    async def update(self, request: api.UpdateRequest) -> api.UpdateResult:
        """Configure a provider anew under its old id."""
        await self.settle(request.urn, request.id, request.news)
        return api.UpdateResult(properties=_public(request.news))


def _public(inputs: Properties) -> Properties:
    """Return a provider's configuration without what is the engine's own."""
    return {key: value for key, value in inputs.items() if key != INTERNAL}


class _Unconfigured:
    """Stands for a provider whose configuration a preview does not know: answers 'known after apply'."""

    def __init__(self, provider: api.Provider) -> None:
        self._provider = provider

    async def schema(self) -> str:
        return await self._provider.schema()

    async def check_config(self, urn: str, olds: Properties, news: Properties) -> api.CheckResult:
        return await self._provider.check_config(urn, olds, news)

    async def diff_config(self, _urn: str, _olds: Properties, _news: Properties) -> api.DiffResult:
        return api.DiffResult(changes=True)

    async def configure(self, _inputs: Properties) -> None:
        raise EngineError("a provider was configured twice")

    async def check(self, request: api.CheckRequest) -> api.CheckResult:
        return api.CheckResult(inputs=request.news)

    async def diff(self, _request: api.DiffRequest) -> api.DiffResult:
        return api.DiffResult(changes=None)

    async def create(self, _request: api.CreateRequest) -> api.CreateResult:
        return api.CreateResult(id="", properties={})

    async def read(self, request: api.ReadRequest) -> api.ReadResult:
        return api.ReadResult(id=request.id, inputs=request.inputs, properties=request.properties)

    async def update(self, request: api.UpdateRequest) -> api.UpdateResult:
        return api.UpdateResult(properties=request.old_outputs)

    async def delete(self, _request: api.DeleteRequest) -> None:
        """Refuse: a preview never deletes anything."""

    async def invoke(self, token: str, _args: Properties) -> api.InvokeResult:
        raise EngineError(f"{token} cannot be called: its provider's configuration is not known in a preview")

    async def cancel(self) -> None:
        await self._provider.cancel()

    async def close(self) -> None:
        await self._provider.close()
