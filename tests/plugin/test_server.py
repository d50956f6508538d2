"""The provider's service, called as Pulumi's CLI calls it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from heddle.plugin.codec import decode, encode
from heddle.plugin.interface import Severity
from heddle.plugin.log import EngineLog
from heddle.plugin.server import start
from heddle.plugin.values import UNKNOWN, Secret
from tests.embedded.engine.fake import Fake, World

URN = "urn:pulumi:dev::lab::test:index:Thing::a"


class Broken(Fake):
    """Has a defect."""

    async def delete(self, request: object) -> None:
        raise KeyError("oops")


class Engine(engine_pb2_grpc.EngineServicer):
    """Remembers what is logged."""

    def __init__(self) -> None:
        self.said: list[engine_pb2.LogRequest] = []

    async def Log(self, request: engine_pb2.LogRequest, _: object) -> Empty:  # noqa: N802 - the protocol's
        self.said.append(request)
        return Empty()


@pytest.fixture
async def engine() -> AsyncIterator[tuple[Engine, str]]:
    servicer = Engine()
    server = grpc.aio.server()
    engine_pb2_grpc.add_EngineServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield servicer, f"127.0.0.1:{port}"
    await server.stop(None)


@pytest.fixture
async def stub(tmp_path: Path, engine: tuple[Engine, str]) -> AsyncIterator[Any]:
    log = EngineLog()
    server, port = await start(Broken(World(tmp_path / "world.json"), log), log, "1.2.3")
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    client: Any = provider_pb2_grpc.ResourceProviderStub(channel)
    await client.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=engine[1]))
    yield client
    await channel.close()
    await server.stop(None)
    await log.close()


def create(**inputs: Any) -> provider_pb2.CreateRequest:
    return provider_pb2.CreateRequest(
        urn=URN, type="test:index:Thing", name="a", properties=encode({"name": "a", **inputs})
    )


async def test_introduction(stub: Any) -> None:
    """The plugin says its version and that it takes secrets, references, outputs and previews."""
    assert (await stub.GetPluginInfo(Empty())).version == "1.2.3"
    answer = await stub.Configure(provider_pb2.ConfigureRequest(args=encode({"region": "here"})))
    assert answer.acceptSecrets
    assert answer.supportsPreview
    assert '"test"' in (await stub.GetSchema(provider_pb2.GetSchemaRequest())).schema


async def test_secrets_and_unknowns_travel(stub: Any) -> None:
    """Secrets come back secret, unknowns unknown."""
    request = create(value=Secret("x"), other=UNKNOWN)
    request.preview = True
    outputs = decode((await stub.Create(request)).properties)
    assert outputs["value"] == Secret("x")
    assert outputs["other"] == UNKNOWN


async def test_a_users_mistake_is_its_message(stub: Any) -> None:
    """The error's text and hint, nothing of Python."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Create(create(fail="create"))
    assert caught.value.details() == "a cannot create\n  Do not ask it to."


async def test_a_partial_create_carries_what_was_made(stub: Any) -> None:
    """The status has the detail from which the engine saves id, properties and reasons."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Create(create(fail="partial"))
    metadata = dict(caught.value.trailing_metadata() or ())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    failure = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failure)
    assert failure.id == "a"
    assert list(failure.reasons) == ["it never came up"]
    assert decode(failure.properties)["made"] == "made of None"


async def test_a_defect_is_one_line_and_its_traceback_a_debug_message(
    stub: Any, engine: tuple[Engine, str]
) -> None:
    """Users see that it is ours; the traceback is there for who asks for it."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Delete(provider_pb2.DeleteRequest(urn=URN, id="a"))
    assert caught.value.details() == "a defect of the provider, please report it: KeyError: 'oops'"
    (said,) = engine[0].said
    assert said.severity == engine_pb2.DEBUG
    assert "Traceback" in said.message


async def test_messages_reach_the_engine(stub: Any, engine: tuple[Engine, str]) -> None:
    """What the provider logs in a preview is the engine's to show, beneath the resource."""
    request = create()
    request.preview = True
    await stub.Create(request)
    assert [(said.urn, said.severity) for said in engine[0].said] == [(URN, engine_pb2.INFO)]


async def test_what_goes_on_is_ephemeral(engine: tuple[Engine, str]) -> None:
    """So the CLI shows it beside the resource, in place of the one before, and forgets it."""
    log = EngineLog(engine[1])
    await log(Severity.INFO, "waits until orderer0 answers (4 s)", URN, ephemeral=True)
    await log(Severity.INFO, "restarted orderer0", URN)
    await log.close()
    assert [(said.message, said.ephemeral) for said in engine[0].said] == [
        ("waits until orderer0 answers (4 s)", True),
        ("restarted orderer0", False),
    ]


async def test_gone_is_an_empty_answer(stub: Any) -> None:
    """Reading what does not exist answers without an id."""
    answer = await stub.Read(provider_pb2.ReadRequest(urn=URN, id="nothing"))
    assert answer == provider_pb2.ReadResponse()


async def test_what_is_not_there_is_unimplemented(stub: Any) -> None:
    """The CLI does without what answers UNIMPLEMENTED."""
    for method, request in (
        ("Call", provider_pb2.CallRequest()),
        ("Construct", provider_pb2.ConstructRequest()),
        ("GetMapping", provider_pb2.GetMappingRequest()),
        ("Parameterize", provider_pb2.ParameterizeRequest()),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(stub, method)(request)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
