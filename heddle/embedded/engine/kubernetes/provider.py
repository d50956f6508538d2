"""Provide `kubernetes:*` in the embedded engine: pulumi-kubernetes 4.28's behaviour, and its state.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go.
"""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from heddle.embedded.engine.kubernetes import acting
from heddle.embedded.engine.kubernetes.api import Api
from heddle.embedded.engine.kubernetes.checking import checked
from heddle.embedded.engine.kubernetes.comparing import compared
from heddle.embedded.engine.kubernetes.connect import connect, default_namespace
from heddle.embedded.engine.kubernetes.objects import AUTONAMED, annotations, from_properties
from heddle.embedded.engine.kubernetes.removing import delete
from heddle.embedded.engine.kubernetes.settings import Settings, config_changes, settings_of
from heddle.embedded.engine.kubernetes.telling import Teller
from heddle.errors import NeedsCli, ProviderError
from heddle.plugin.interface import (
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    InvokeResult,
    Log,
    ReadRequest,
    ReadResult,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from heddle.plugin.values import Properties, has_unknown
from heddle.telling import Listener, waiting_until
from heddle.versions import PULUMI_KUBERNETES

__all__ = ["KubernetesProvider", "create_provider"]

# One thread per resource under way: most of them only wait.
_THREADS = 64
_T = TypeVar("_T")
_GONE_HINT = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation "
    'with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true".'
)


def create_provider(log: Log) -> "KubernetesProvider":
    """Return an unconfigured provider."""
    return KubernetesProvider(log)


class KubernetesProvider:
    """Provide a cluster's objects; heddle.plugin.interface.Provider says what each method promises."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._settings = Settings()
        self._namespace = "default"
        self._api: Api | None = None
        self._unreachable = ""
        self._unknown = False
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="kubernetes")

    async def schema(self) -> str:
        """Return the package's name and version; its types are documented by pulumi-kubernetes."""
        return json.dumps({"name": "kubernetes", "version": PULUMI_KUBERNETES})

    async def check_config(self, urn: str, olds: Properties, news: Properties) -> CheckResult:
        """Accept what pulumi-kubernetes accepts; what only it does is refused by configure."""
        return CheckResult(inputs=news)

    async def diff_config(self, urn: str, olds: Properties, news: Properties) -> DiffResult:
        """Compare two configurations, as settings.config_changes does."""
        return config_changes(olds, news)

    async def configure(self, inputs: Properties) -> None:
        """Connect. A cluster that cannot be reached is no error yet: only what needs it fails."""
        self._unknown = has_unknown(inputs)
        if self._unknown:
            return
        try:
            self._settings = settings_of(inputs)
            self._namespace = await self._in_thread(lambda: default_namespace(self._settings))
            self._api = await self._in_thread(lambda: connect(self._settings))
        except NeedsCli:
            raise
        except ProviderError as error:
            self._unreachable = str(error)

    async def check(self, request: CheckRequest) -> CheckResult:
        """Normalise inputs and fill in apiVersion, kind, name and namespace."""
        if self._unknown:
            return CheckResult(inputs=request.news)
        if self._unreachable and self._settings.skip_update_unreachable:
            words = "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping..."
            await self._log(Severity.WARNING, words, request.urn)
            return CheckResult(inputs=request.olds)
        if any(key.startswith(AUTONAMED) for key in annotations(from_properties(request.news))):
            words = f'ignoring user-specified value for internal annotation "{AUTONAMED}"'
            await self._log(Severity.WARNING, words, request.urn)
        return checked(request, self._namespace)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Compare with the object as it was last seen; asks the cluster nothing."""
        return DiffResult(changes=None) if self._unknown else compared(request, self._settings)

    async def create(self, request: CreateRequest) -> CreateResult:
        """Create by server-side apply and wait until the object is ready; in previews by dry run."""
        if self._unknown:
            return CreateResult(id="", properties={})
        if request.preview and (self._unreachable or has_unknown(request.inputs)):
            return CreateResult(id="", properties=request.inputs)
        api = self._reached()
        return await self._telling(request.urn, lambda tell: acting.create(api, request, tell))

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Change by server-side apply and wait; in previews by dry run."""
        if self._unknown:
            return UpdateResult(properties={})
        if request.preview and (self._unreachable or has_unknown(request.news)):
            return UpdateResult(properties=request.news)
        api = self._reached()
        return await self._telling(request.urn, lambda tell: acting.update(api, request, tell))

    async def read(self, request: ReadRequest) -> ReadResult:
        """Read the live object and judge whether it is ready; gone only on the API server's own word."""
        if self._unknown:
            return ReadResult(id=request.id, inputs=request.inputs, properties=request.properties)
        if self._api is None:
            return await self._unread(request)
        api = self._api
        return await self._in_thread(lambda: acting.read(api, request))

    async def _unread(self, request: ReadRequest) -> ReadResult:
        await self._warn_unreachable(request.urn)
        if self._settings.delete_unreachable:
            return ReadResult(id="", inputs={}, properties={})
        if self._settings.skip_update_unreachable:
            return ReadResult(id=request.id, inputs=request.inputs, properties=request.properties)
        raise ProviderError("failed to read resource state due to unreachable cluster", hint=_GONE_HINT)

    async def delete(self, request: DeleteRequest) -> None:
        """Delete and wait until the object is gone."""
        if self._api is None:
            await self._warn_unreachable(request.urn)
            if self._settings.delete_unreachable:
                return
            raise ProviderError("configured Kubernetes cluster is unreachable", hint=_GONE_HINT)
        api = self._api
        await self._telling(request.urn, lambda tell: delete(api, request, tell))

    async def invoke(self, token: str, args: Properties) -> InvokeResult:
        """Refuse the call: functions of charts, YAML and kustomize need Pulumi's CLI."""
        raise NeedsCli(
            f"{token}: not done by the embedded engine", hint="Use Pulumi's CLI for this stack: pulumi up."
        )

    async def cancel(self) -> None:
        """End all waits; what exists by then is saved."""
        if self._api is not None:
            self._api.stop.set()

    async def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False)

    def _reached(self) -> Api:
        if self._api is None:
            raise ProviderError(f"configured Kubernetes cluster is unreachable: {self._unreachable}")
        return self._api

    async def _warn_unreachable(self, urn: str) -> None:
        await self._log(
            Severity.WARNING, f"configured Kubernetes cluster is unreachable: {self._unreachable}", urn
        )
        if self._settings.delete_unreachable:
            words = (
                "configured Kubernetes cluster is unreachable and the `deleteUnreachable` option is enabled. "
                "Deleting the unreachable resource from Pulumi state"
            )
            await self._log(Severity.INFO, words, urn)

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _telling(self, urn: str, work: Callable[[Teller], _T]) -> _T:
        """Work on an object in a thread that may warn, and say what it waits for."""
        loop = asyncio.get_running_loop()
        listener = Listener(partial(self._show, urn))

        def warn(message: str) -> None:
            asyncio.run_coroutine_threadsafe(self._log(Severity.WARNING, message, urn), loop)

        with listener.listening(), waiting_until("") as wait:
            try:
                tell = Teller(warn=warn, until=partial(setattr, wait, "words"))
                return await self._in_thread(lambda: work(tell))
            finally:
                await listener.close()

    async def _show(self, urn: str, words: str) -> None:
        await self._log(Severity.INFO, words, urn, ephemeral=True)
