"""A provider for tests: package `test`, whose things live in a JSON file, the world.

`test:index:Thing` takes any inputs. `name` and `forceNew` replace; `unstable` replaces, deleting first.
`way` is how to get there: it never means a change, and is not asked of the world.
`fail` ("create", "update", "delete", "partial", "check") makes that verb fail. Ids are the things' names, and
creating is idempotent. Every call is counted in `calls`.
"""

import asyncio
import json
from collections import Counter
from pathlib import Path

from heddle.errors import ProviderError
from heddle.plugin import interface as api
from heddle.plugin.interface import Log, Provider, ProviderFactory, Severity
from heddle.plugin.values import UNKNOWN, Properties, has_unknown, reveal, same

REPLACES = ("name", "forceNew", "unstable")


class World:
    """What really is: things by id, in a file that several processes share one after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls: Counter[str] = Counter()
        self.order: list[str] = []
        self.running = 0
        self.most_running = 0
        self.hold: asyncio.Event | None = None
        self.cancelled = False
        self.closed = 0

    def read(self) -> dict[str, Properties]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def write(self, things: dict[str, Properties]) -> None:
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(things))
        temporary.replace(self.path)

    def factory(self) -> ProviderFactory:
        return lambda log: Fake(self, log)


class Fake(Provider):
    """The provider."""

    def __init__(self, world: World, log: Log) -> None:
        self.world = world
        self.log = log
        self.config: Properties = {}

    async def schema(self) -> str:
        return json.dumps({"name": "test", "version": "0.0.1"})

    async def check_config(self, urn: str, olds: Properties, news: Properties) -> api.CheckResult:
        return api.CheckResult(inputs=news)

    async def diff_config(self, urn: str, olds: Properties, news: Properties) -> api.DiffResult:
        changed = not same(olds, news)
        replaces = ("region",) if not same(olds.get("region"), news.get("region")) else ()
        return api.DiffResult(changes=changed, replaces=replaces)

    async def configure(self, inputs: Properties) -> None:
        assert not has_unknown(inputs)
        self.config = inputs

    async def check(self, request: api.CheckRequest) -> api.CheckResult:
        self.world.calls["check"] += 1
        if request.news.get("fail") == "check":
            failure = api.CheckFailure(property="fail", reason="it says check")
            return api.CheckResult(inputs=request.news, failures=(failure,))
        return api.CheckResult(inputs={"name": request.name, **request.news})

    async def diff(self, request: api.DiffRequest) -> api.DiffResult:
        self.world.calls["diff"] += 1
        keys = {
            key
            for key in request.old_inputs.keys() | request.news.keys()
            if key != "way" and not same(request.old_inputs.get(key), request.news.get(key))
        }
        kinds = {key: _kind(request, key) for key in keys}
        replaces = tuple(key for key in REPLACES if key in keys)
        return api.DiffResult(
            changes=bool(keys),
            replaces=replaces,
            detailed=kinds,
            delete_before_replace="unstable" in keys,
        )

    async def _work(self, verb: str, urn: str, inputs: Properties) -> None:
        name = urn.rpartition("::")[2]
        self.world.calls[verb] += 1
        self.world.order.append(f"{verb} {name}")
        self.world.running += 1
        self.world.most_running = max(self.world.most_running, self.world.running)
        try:
            if self.world.hold is not None:
                await self.world.hold.wait()
            await asyncio.sleep(0)
            if words := inputs.get("waits"):
                await self.log(Severity.INFO, f"waits {words}", urn, ephemeral=True)
            if self.world.cancelled:
                raise ProviderError("given up")
            if inputs.get("fail") == verb:
                raise ProviderError(f"{name} cannot {verb}", hint="Do not ask it to.")
        finally:
            self.world.running -= 1

    def outputs(self, inputs: Properties) -> Properties:
        value = inputs.get("value")
        made = UNKNOWN if has_unknown(value) else f"made of {reveal(inputs).get('value')}"
        return {**inputs, "made": made, "pin": "1234"}

    async def create(self, request: api.CreateRequest) -> api.CreateResult:
        if request.preview:
            await self.log(Severity.INFO, f"would create {request.name}\nwith much detail", request.urn)
            return api.CreateResult(id="", properties={**self.outputs(request.inputs), "id": UNKNOWN})
        await self._work("create", request.urn, request.inputs)
        name = str(reveal(request.inputs)["name"])
        properties = self.outputs(request.inputs)
        self.world.write({**self.world.read(), name: reveal(properties)})
        if request.inputs.get("fail") == "partial":
            raise api.PartialFailure(
                id=name, properties=properties, inputs=request.inputs, reasons=["it never came up"]
            )
        return api.CreateResult(id=name, properties=properties)

    async def read(self, request: api.ReadRequest) -> api.ReadResult:
        self.world.calls["read"] += 1
        found = self.world.read().get(request.id)
        if found is None:
            return api.ReadResult(id="", inputs={}, properties={})
        ways = {"way": request.inputs["way"]} if "way" in request.inputs else {}
        properties: Properties = {**found, **ways}
        inputs = {key: properties[key] for key in request.inputs if key in properties}
        return api.ReadResult(id=request.id, inputs=inputs, properties=properties)

    async def update(self, request: api.UpdateRequest) -> api.UpdateResult:
        properties = self.outputs(request.news)
        if request.preview:
            return api.UpdateResult(properties=properties)
        await self._work("update", request.urn, request.news)
        self.world.write({**self.world.read(), request.id: reveal(properties)})
        return api.UpdateResult(properties=properties)

    async def delete(self, request: api.DeleteRequest) -> None:
        await self._work("delete", request.urn, request.old_inputs)
        self.world.write({key: item for key, item in self.world.read().items() if key != request.id})

    async def invoke(self, token: str, args: Properties) -> api.InvokeResult:
        return api.InvokeResult(properties={"echo": args})

    async def close(self) -> None:
        self.world.closed += 1

    async def cancel(self) -> None:
        self.world.cancelled = True
        if self.world.hold is not None:
            self.world.hold.set()


def _kind(request: api.DiffRequest, key: str) -> api.DiffKind:
    if key in request.old_inputs and key in request.news:
        return api.DiffKind.UPDATE
    return api.DiffKind.ADD if key in request.news else api.DiffKind.DELETE
