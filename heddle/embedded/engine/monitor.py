# ruff: noqa: N802 - the methods' names are the protocol's
"""Offer the services that a program's SDK calls, as objects in the same process.

The SDK calls every method on a thread of its own and waits for the answer; the work is done on the run's
event loop. Declared features are those that the engine honours; the SDK itself refuses the others.

Source: proto/pulumi/resource.proto, engine.proto and pkg/resource/deploy/source_eval.go of pulumi/pulumi.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

from heddle.embedded.engine.context import Context, Stopped
from heddle.embedded.engine.deployment import Deployment
from heddle.embedded.engine.goal import read_goal
from heddle.errors import HeddleError, NeedsCli
from heddle.plugin.codec import decode, encode
from heddle.plugin.interface import Severity
from heddle.state.backend import ORGANIZATION

__all__ = ["EngineService", "Monitor", "MonitorGone"]

_Answer = TypeVar("_Answer")
_FEATURES = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "resourceReferences": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
}


class MonitorGone(grpc.RpcError):
    """Tell the SDK that the engine is stopping: the program ends without a message of its own."""

    def code(self) -> grpc.StatusCode:
        """Return the status that the SDK looks for."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """Return the status's text."""
        return "the engine is stopping"


class Monitor:
    """pulumirpc.ResourceMonitor over one deployment."""

    def __init__(self, deployment: Deployment, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self._deployment = deployment
        self._run = context
        self._loop = loop

    def _wait(self, work: Callable[[], Coroutine[Any, Any, _Answer]]) -> _Answer:
        """Do work on the run's loop while this thread of the SDK waits. Any failure ends the program."""

        async def guarded() -> _Answer:
            try:
                return await work()
            except Stopped as error:
                raise MonitorGone from error
            except HeddleError as error:
                self._run.fail(str(error))
                raise MonitorGone from error

        return asyncio.run_coroutine_threadsafe(guarded(), self._loop).result()

    def GetDeploymentInfo(self, _: Empty) -> resource_pb2.DeploymentInfo:
        """Say what is deployed and what this monitor can do."""
        return resource_pb2.DeploymentInfo(
            project=self._run.project,
            stack=self._run.stack,
            organization=ORGANIZATION,
            config=self._run.config,
            configSecretKeys=self._run.config_secrets,
            dryRun=self._run.preview,
            parallel=self._run.parallel,
            supportedFeatures=list(_FEATURES.values()),
        )

    def SupportsFeature(
        self, request: resource_pb2.SupportsFeatureRequest
    ) -> resource_pb2.SupportsFeatureResponse:
        """Say the same to SDKs that ask for one feature at a time."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Make a resource what the program wants; answers when that is done."""

        async def register() -> resource_pb2.RegisterResourceResponse:
            new = await self._deployment.register(read_goal(request))
            # A component's outputs are what the program itself registers for it.
            outputs = encode(new.outputs) if new.custom else None
            return resource_pb2.RegisterResourceResponse(urn=new.urn, id=new.id, object=outputs)

        return self._wait(register)

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Empty:
        """Take a component's or the stack's outputs."""

        async def register() -> Empty:
            self._deployment.register_outputs(request.urn, decode(request.outputs))
            return Empty()

        return self._wait(register)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Call a provider's function."""

        async def invoke() -> resource_pb2.ResourceInvokeResponse:
            result = await self._deployment.invoke(
                request.tok, decode(request.args), request.provider, request.version
            )
            failures = [
                provider_pb2.CheckFailure(property=item.property, reason=item.reason)
                for item in result.failures
            ]
            # `return` is a word of Python, so the field can only be given this way.
            return resource_pb2.ResourceInvokeResponse(
                **{"return": encode(result.properties)},  # type: ignore[arg-type]  # mypy gives it to every field
                failures=failures,
            )

        return self._wait(invoke)

    def SignalAndWaitForShutdown(self, _: Empty) -> Empty:
        """Take notice that the program has registered everything; there are no hooks for deletes."""
        return Empty()

    def _needs_cli(self, what: str) -> NoReturn:
        async def refuse() -> NoReturn:
            raise NeedsCli(
                f"the program uses {what}: this needs the CLI", hint="Use `pulumi` for this program."
            )

        self._wait(refuse)
        raise MonitorGone

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> NoReturn:
        """Refuse: `Resource.get` and StackReference."""
        self._needs_cli(f"`get` of {request.type} {request.name!r}")

    def Call(self, request: resource_pb2.ResourceCallRequest) -> NoReturn:
        """Refuse: methods of remote components."""
        self._needs_cli(f"the method {request.tok}")

    def RegisterPackage(self, request: resource_pb2.RegisterPackageRequest) -> NoReturn:
        """Refuse a parameterized provider: it needs Pulumi's CLI."""
        self._needs_cli(f"the parameterized package {request.name!r}")


_SEVERITIES = {
    engine_pb2.INFO: Severity.INFO,
    engine_pb2.WARNING: Severity.WARNING,
    engine_pb2.ERROR: Severity.ERROR,
}


class EngineService:
    """pulumirpc.Engine: what the program logs."""

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self._run = context
        self._loop = loop
        self._root = ""

    def Log(self, request: engine_pb2.LogRequest) -> Empty:
        """Show a message of the program. Called on any thread."""
        if request.severity == engine_pb2.DEBUG:
            # The SDK says several of each resource, nothing shows them, and each would wake the run's loop.
            return Empty()
        severity = _SEVERITIES[request.severity]
        say = partial(self._run.say, severity, request.message, request.urn, ephemeral=request.ephemeral)
        self._loop.call_soon_threadsafe(say)
        return Empty()

    def GetRootResource(self, _: engine_pb2.GetRootResourceRequest) -> engine_pb2.GetRootResourceResponse:
        """Return the URN of the stack's resource."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(
        self, request: engine_pb2.SetRootResourceRequest
    ) -> engine_pb2.SetRootResourceResponse:
        """Remember the URN of the stack's resource."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()
