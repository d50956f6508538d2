"""Count the writes of a process, and kill it with all of its relatives at a chosen one.

Python imports this at its start in every process that `tests.failpoints` runs: the command and its children,
among them Ansible's modules and the provider of Pulumi's CLI. The log is the counter of all of them together.

A write is what leaves a trace outside the process: a request to Kubernetes that changes something, a call to
a node that does, and a write of the stack's state. Nothing in `heddle` knows of this.
"""

import fcntl
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

VARIABLE = "HEDDLE_FAILPOINT"


class Failpoint:
    """Note each write in a log, and end everything at the one of a number.

    number: the write to be killed at, from 1; 0 = only count. after: not before, but when it is answered.
    root: the process whose descendants are killed. past: a file with the writes at which runs before were
    killed, by their labels; the first other one is chosen then, and added to it.
    """

    def __init__(self, *, log: Path, number: int, after: bool, root: int, past: str = "") -> None:
        self._log, self._number, self._after, self._root = log, number, after, root
        self._past = Path(past) if past else None

    def before(self, words: str) -> int:
        """Note that a write begins, and return its number."""
        with self._log.open("a+") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            log.seek(0)
            lines = log.read().splitlines()
            number = len(lines) + 1
            # The lock is held until the end: no other write of any process comes in between.
            log.write(f"{number} {words}\n")
            log.flush()
            if self._past is not None and self._is_new(self._past, label(lines, words)):
                self._number = number
            if number == self._number and not self._after:
                self._kill()
        return number

    def _is_new(self, past: Path, name: str) -> bool:
        """Tell whether this write is the one to be killed at: the first of this run that no run died at."""
        known = past.read_text().splitlines() if past.exists() else []
        chosen = f"{self._root} "
        if any(line.startswith(chosen) or line.partition(" ")[2] == name for line in known):
            return False
        past.write_text("".join(f"{line}\n" for line in [*known, f"{chosen}{name}"]))
        return True

    def after(self, number: int) -> None:
        """Note that a write has been answered."""
        if number and number == self._number and self._after:
            self._kill()

    def _kill(self) -> None:
        own = os.getpid()
        for pid in _descendants(self._root) - {own}:
            os.kill(pid, signal.SIGKILL)
        os.kill(own, signal.SIGKILL)
        signal.pause()  # another thread must not go on before the signal is there


def label(lines: Sequence[str], words: str) -> str:
    """Return what a write is known by in every run: its words, and of one of the state where it stands.

    lines: the writes before it in this run. The state is saved again and again: after which other write, and
    how often since, tells one from the next.
    """
    if not words.startswith("state "):
        return words
    before = [line.partition(" ")[2] for line in lines]
    others = [index for index, each in enumerate(before) if not each.startswith("state ")]
    last = others[-1] if others else -1
    place = f" after {before[last]}" if others else ""
    return f"{words} {1 + before[last + 1 :].count(words)}{place}"


def _descendants(root: int) -> set[int]:
    """Return the processes below one, as /proc tells them."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
    found: set[int] = set()
    level = {root}
    while level := {pid for pid, parent in parents.items() if parent in level} - found:
        found |= level
    return found


def _hook_kube(module: ModuleType, point: Failpoint) -> None:
    client = module.KubeClient
    sent = client._sent

    @wraps(sent)
    async def counted(self: Any, method: str, path: str, seconds: float, **rest: Any) -> Any:
        words = _request(method, path, rest.get("query"))
        number = point.before(words) if words else 0
        answer = await sent(self, method, path, seconds, **rest)
        point.after(number)
        return answer

    client._sent = counted


def _hook_engine(module: ModuleType, point: Failpoint) -> None:
    api = module.Api
    send = api._send

    @wraps(send)
    def counted(self: Any, method: str, path: str, query: Mapping[str, str], body: Any, kind: str) -> Any:
        words = _request(method, path, query)
        number = point.before(words) if words else 0
        answer = send(self, method, path, query, body, kind)
        point.after(number)
        return answer

    api._send = counted


def _hook_execute(module: ModuleType, point: Failpoint) -> None:
    execute = module.execute

    @wraps(execute)
    async def counted(server: Any, namespace: str, pod: str, command: Sequence[str], **rest: Any) -> Any:
        changes = command[0].rpartition("/")[2] in _CHANGING_PROGRAMS
        number = point.before(f"pod {pod} {command[0]} {command[1]}") if changes else 0
        answer = await execute(server, namespace, pod, command, **rest)
        point.after(number)
        return answer

    vars(module)["execute"] = counted


_CHANGING_PROGRAMS = {"dd", "mkdir"}
"""Programs that write on a volume; others only look."""


def _request(method: str, path: str, query: Mapping[str, str] | None) -> str:
    """Return a request that changes something in words; a dry run and a question in a POST change nothing."""
    if method == "GET" or "dryRun" in (query or {}) or "/apis/authorization.k8s.io/" in path:
        return ""
    return f"kubernetes {method} {path}"


def _hook_state(module: ModuleType, point: Failpoint) -> None:
    backend = module.Backend

    def counting(name: str) -> None:
        original = getattr(backend, name)

        @wraps(original)
        def counted(self: Any, *arguments: Any) -> Any:
            number = point.before(f"state {name}")
            answer = original(self, *arguments)
            point.after(number)
            return answer

        setattr(backend, name, counted)

    for name in ("begin", "save", "remember"):
        counting(name)


def _hook_target(module: ModuleType, point: Failpoint) -> None:
    target = module.Target

    def counting(name: str, verb: str) -> None:
        original = getattr(target, name)

        @wraps(original)
        async def counted(self: Any, path: str, *rest: Any) -> Any:
            number = point.before(f"target {verb} {path}")
            answer = await original(self, path, *rest)
            point.after(number)
            return answer

        setattr(target, name, counted)

    counting("_put", "put")
    counting("_delete", "delete")


def _hook_nodes(module: ModuleType, point: Failpoint) -> None:
    connections = module.Connections
    request, channel = connections.request, connections.channel

    @wraps(request)
    async def counted(
        self: Any, node: Any, port: int, method: str, path: str, *rest: Any, **more: Any
    ) -> Any:
        number = 0 if method == "GET" else point.before(f"node {node.name} {method} {path}")
        answer = await request(self, node, port, method, path, *rest, **more)
        point.after(number)
        return answer

    @wraps(channel)
    async def counting(self: Any, node: Any) -> Any:
        return _Channel(await channel(self, node), node.name, point)

    connections.request, connections.channel = counted, counting


class _Channel:
    """Stands for a gRPC channel, and counts the calls that change something."""

    def __init__(self, channel: Any, node: str, point: Failpoint) -> None:
        self._channel, self._node, self._point = channel, node, point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def unary_unary(self, method: str, *arguments: Any, **named: Any) -> Any:
        call = self._channel.unary_unary(method, *arguments, **named)

        def counted(request: Any, **options: Any) -> Any:
            words = _UNARY.get(method, lambda _: "")(request)
            number = self._point.before(f"node {self._node} {words}") if words else 0
            return self._answered(call(request, **options), number) if number else call(request, **options)

        return counted

    async def _answered(self, answer: Awaitable[Any], number: int) -> Any:
        found = await answer
        self._point.after(number)
        return found

    def stream_stream(self, method: str, *arguments: Any, **named: Any) -> Any:
        call = self._channel.stream_stream(method, *arguments, **named)
        if (words := _STREAMS.get(method)) is None:
            return call
        return lambda *rest, **options: _Stream(
            call(*rest, **options), lambda request: f"node {self._node} {words(request)}", self._point
        )


class _Stream:
    """Stands for a call with a stream of writes, and counts each."""

    def __init__(self, call: Any, words: Callable[[Any], str], point: Failpoint) -> None:
        self._call, self._words, self._point, self._number = call, words, point, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    async def write(self, request: Any) -> None:
        self._number = self._point.before(self._words(request))
        await self._call.write(request)

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for answer in self._call:
            self._point.after(self._number)
            yield answer


_CHANGING = {"JoinChain", "InstallChaincode"}
"""Functions of system chaincodes that act without a transaction."""


def _proposal(request: Any) -> str:
    from fabric_protos.peer import chaincode_pb2, proposal_pb2

    proposal = proposal_pb2.Proposal.FromString(request.proposal_bytes)
    payload = proposal_pb2.ChaincodeProposalPayload.FromString(proposal.payload)
    spec = chaincode_pb2.ChaincodeInvocationSpec.FromString(payload.input).chaincode_spec
    function = bytes(spec.input.args[0]).decode(errors="replace") if spec.input.args else ""
    return f"{spec.chaincode_id.name} {function}" if function in _CHANGING else ""


def _envelope(envelope: Any) -> str:
    from fabric_protos.common import common_pb2

    payload = common_pb2.Payload.FromString(envelope.payload)
    header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    kind = common_pb2.HeaderType.Name(common_pb2.HeaderType.ValueType(header.type))
    return f"broadcast {header.channel_id} {kind}"


_UNARY: Mapping[str, Callable[[Any], str]] = {
    "/protos.Endorser/ProcessProposal": _proposal,
    "/gateway.Gateway/Submit": lambda request: f"submit {request.channel_id}",
}
_STREAMS: Mapping[str, Callable[[Any], str]] = {
    "/orderer.AtomicBroadcast/Broadcast": _envelope,
    "/orderer.Cluster/Step": lambda request: f"step {request.consensus_request.channel}",
}
_HOOKS: Mapping[str, Callable[[ModuleType, Failpoint], None]] = {
    "heddle.kube.client": _hook_kube,
    "heddle.kube.execute": _hook_execute,
    "heddle.embedded.engine.kubernetes.api": _hook_engine,
    "heddle.state.backend": _hook_state,
    "heddle.backup.target": _hook_target,
    "heddle.fabric.connection": _hook_nodes,
}


class _Finder(importlib.abc.MetaPathFinder):
    """Puts a hook into a module as soon as it is imported."""

    def __init__(self, point: Failpoint) -> None:
        self._point = point

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        hook = _HOOKS.get(fullname)
        if hook is None:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, lambda module: hook(module, self._point))
        return spec


class _Loader(importlib.abc.Loader):
    """Runs a hook after a module's own code."""

    def __init__(self, loader: importlib.abc.Loader, hook: Callable[[ModuleType], None]) -> None:
        self._loader, self._hook = loader, hook

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._hook(module)


if settings := os.environ.get(VARIABLE):
    content = json.loads(settings)
    sys.meta_path.insert(0, _Finder(Failpoint(**{**content, "log": Path(content["log"])})))
