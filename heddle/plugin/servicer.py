# ruff: noqa: N802 - the methods' names are the protocol's
"""Offer a Provider as Pulumi's ResourceProvider service: translate messages, nothing else.

What is not implemented here (Parameterize, Call, Construct, GetMapping …) answers UNIMPLEMENTED, on which the
CLI does without. Source: proto/pulumi/provider.proto of pulumi/pulumi, 3.272.
"""

import functools
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from heddle.errors import HeddleError
from heddle.plugin import interface as api
from heddle.plugin.codec import decode, encode
from heddle.plugin.log import EngineLog

__all__ = ["Servicer"]

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
_Answer = TypeVar("_Answer")
_Request = TypeVar(
    "_Request",
    api.CheckRequest,
    api.DiffRequest,
    api.CreateRequest,
    api.ReadRequest,
    api.UpdateRequest,
    api.DeleteRequest,
)
_Method: TypeAlias = Callable[["Servicer", Any, Context], Awaitable[_Answer]]
_UNKNOWN_STATUS = 2
"""google.rpc code UNKNOWN, which is what Pulumi's SDKs send with an ErrorResourceInitFailed."""


def _answers(method: _Method[_Answer]) -> _Method[_Answer]:
    """Turn exceptions into gRPC errors of one message; a traceback is a debug message, never an answer."""

    @functools.wraps(method)
    async def answer(self: "Servicer", request: Any, context: Context) -> _Answer:  # noqa: ANN401 - any message of the protocol
        try:
            return await method(self, request, context)
        except api.PartialFailure as failure:
            await _abort_partially(context, failure)
        except HeddleError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except NotImplementedError as error:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
        except Exception as error:
            await self.log(api.Severity.DEBUG, traceback.format_exc(), getattr(request, "urn", ""))
            message = f"a defect of the provider, please report it: {type(error).__name__}: {error}"
            await context.abort(grpc.StatusCode.INTERNAL, message)

    return answer


async def _abort_partially(context: Context, failure: api.PartialFailure) -> NoReturn:
    """Answer with the state that must be saved although the operation failed."""
    status = status_pb2.Status(code=_UNKNOWN_STATUS, message=failure.message)
    status.details.add().Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=failure.id,
            properties=encode(failure.properties),
            inputs=encode(failure.inputs),
            reasons=failure.reasons,
        )
    )
    await context.abort(
        grpc.StatusCode.UNKNOWN, failure.message, (("grpc-status-details-bin", status.SerializeToString()),)
    )


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serve one provider; `log` is told the engine's address when the engine introduces itself."""

    def __init__(self, provider: api.Provider, log: EngineLog, version: str) -> None:
        self.provider = provider
        self.log = log
        self._version = version

    @_answers
    async def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, _: Context
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Learn where the engine is and say what values may be sent."""
        self.log.attach(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True
        )

    @_answers
    async def Attach(self, request: plugin_pb2.PluginAttach, _: Context) -> Empty:
        """Learn where the engine is, when this plugin was started by hand."""
        self.log.attach(request.address)
        return Empty()

    @_answers
    async def GetPluginInfo(self, _request: Empty, _: Context) -> plugin_pb2.PluginInfo:
        """Say the plugin's version."""
        return plugin_pb2.PluginInfo(version=self._version)

    @_answers
    async def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, _: Context
    ) -> provider_pb2.GetSchemaResponse:
        """Return the package's schema; there is but one version of its format."""
        if request.version != 0:
            raise HeddleError(f"schema format {request.version} is not known, 0 is")
        return provider_pb2.GetSchemaResponse(schema=await self.provider.schema())

    @_answers
    async def CheckConfig(self, request: provider_pb2.CheckRequest, _: Context) -> provider_pb2.CheckResponse:
        """Check the provider's configuration."""
        return _checked(
            await self.provider.check_config(request.urn, decode(request.olds), decode(request.news))
        )

    @_answers
    async def DiffConfig(self, request: provider_pb2.DiffRequest, _: Context) -> provider_pb2.DiffResponse:
        """Compare the provider's configuration with the last one."""
        olds = decode(request.old_inputs if request.HasField("old_inputs") else request.olds)
        return _compared(await self.provider.diff_config(request.urn, olds, decode(request.news)))

    @_answers
    async def Configure(
        self, request: provider_pb2.ConfigureRequest, _: Context
    ) -> provider_pb2.ConfigureResponse:
        """Give the package's configuration to the provider."""
        await self.provider.configure(decode(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=True
        )

    @_answers
    async def Invoke(self, request: provider_pb2.InvokeRequest, _: Context) -> provider_pb2.InvokeResponse:
        """Call a function of the provider."""
        result = await self.provider.invoke(request.tok, decode(request.args))
        # `return` is a word of Python, so the field can only be given this way.
        return provider_pb2.InvokeResponse(
            **{"return": encode(result.properties)}, failures=_failures(result.failures)
        )

    @_answers
    async def Check(self, request: provider_pb2.CheckRequest, _: Context) -> provider_pb2.CheckResponse:
        """Validate a resource's inputs."""
        wanted = _translated(api.CheckRequest, request, random_seed="randomSeed")
        return _checked(await self.provider.check(wanted))

    @_answers
    async def Diff(self, request: provider_pb2.DiffRequest, _: Context) -> provider_pb2.DiffResponse:
        """Compare a resource with its new inputs."""
        wanted = _translated(api.DiffRequest, request, old_outputs="olds", ignore_changes="ignoreChanges")
        return _compared(await self.provider.diff(wanted))

    @_answers
    async def Create(self, request: provider_pb2.CreateRequest, _: Context) -> provider_pb2.CreateResponse:
        """Create a resource, or say what creating it would give."""
        wanted = _translated(api.CreateRequest, request, inputs="properties")
        result = await self.provider.create(wanted)
        return provider_pb2.CreateResponse(id=result.id, properties=encode(result.properties))

    @_answers
    async def Read(self, request: provider_pb2.ReadRequest, _: Context) -> provider_pb2.ReadResponse:
        """Read a resource; without inputs in the answer the engine would forget them."""
        result = await self.provider.read(_translated(api.ReadRequest, request))
        if not result.id:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=result.id, inputs=encode(result.inputs), properties=encode(result.properties)
        )

    @_answers
    async def Update(self, request: provider_pb2.UpdateRequest, _: Context) -> provider_pb2.UpdateResponse:
        """Change a resource, or say what changing it would give."""
        wanted = _translated(api.UpdateRequest, request, old_outputs="olds", ignore_changes="ignoreChanges")
        result = await self.provider.update(wanted)
        return provider_pb2.UpdateResponse(properties=encode(result.properties))

    @_answers
    async def Delete(self, request: provider_pb2.DeleteRequest, _: Context) -> Empty:
        """Delete a resource through the provider."""
        await self.provider.delete(_translated(api.DeleteRequest, request))
        return Empty()

    @_answers
    async def Cancel(self, _request: Empty, _: Context) -> Empty:
        """Give up what is under way."""
        await self.provider.cancel()
        return Empty()


def _translated(kind: type[_Request], message: Message, **names: str) -> _Request:
    """Return a request of the interface; `names` are fields that the protocol calls otherwise."""
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = getattr(message, names.get(field.name, field.name))
        is_list = field.name == "ignore_changes"
        values[field.name] = (
            decode(value) if isinstance(value, Struct) else tuple(value) if is_list else value
        )
    return kind(**values)


def _failures(failures: Iterable[api.CheckFailure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures]


def _checked(result: api.CheckResult) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(inputs=encode(result.inputs), failures=_failures(result.failures))


def _compared(result: api.DiffResult) -> provider_pb2.DiffResponse:
    """Put a diff on the wire: `changes` None is DIFF_UNKNOWN, on which the engine compares inputs."""
    changes = {
        None: provider_pb2.DiffResponse.DIFF_UNKNOWN,
        False: provider_pb2.DiffResponse.DIFF_NONE,
        True: provider_pb2.DiffResponse.DIFF_SOME,
    }[result.changes]
    detailed = {
        path: provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.ValueType(kind.value))
        for path, kind in (result.detailed or {}).items()
    }
    return provider_pb2.DiffResponse(
        changes=changes,
        replaces=result.replaces,
        stables=result.stables,
        deleteBeforeReplace=result.delete_before_replace,
        diffs=sorted({path.partition(".")[0].partition("[")[0] for path in detailed} | set(result.replaces)),
        detailedDiff=detailed,
        hasDetailedDiff=result.detailed is not None,
    )
