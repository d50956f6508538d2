"""Find the Prometheus that evaluates a stack's alarms: the instance's own, else one that runs for the drill.

One of the drill's own listens on this machine's loopback, scrapes the nodes through the API server, and runs
`heddle monitoring serve` beside itself. Its rules are those of `heddle monitoring rules`, unchanged unless
somebody asks for shorter times.
"""

import asyncio
import contextlib
import os
import re
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import yaml

from heddle.drills.ground import Ground
from heddle.errors import DrillError, Unreachable
from heddle.kube.client import is_ready
from heddle.kube.portforward import Forward
from heddle.monitoring.scraping import prometheus_files
from heddle.monitoring.targets import CONFIG, RULES, Places
from heddle.runbooks.child import CHILD
from heddle.runbooks.following import HEDDLE
from heddle.topology.plans.monitoring import PROMETHEUS, PROMETHEUS_PORT
from heddle.waiting import poll

__all__ = ["hastened", "watch"]

_PROGRAM: Final = "prometheus"
_STARTS: Final = 120.0
"""Seconds for a Prometheus to start, on a machine however busy."""
_EVERY: Final = 15
"""Seconds between two rounds of the exporter and two scrapes, as in the configuration that Heddle writes."""
_LONGEST_WAIT: Final = 10.0


@asynccontextmanager
async def watch(ground: Ground, *, hasten: float) -> AsyncIterator[str]:
    """Yield the address of a Prometheus that watches the stack. Raises DrillError where there can be none.

    hasten: by what the times of the rules are divided; 1 leaves them as they are. Only a Prometheus of the
    drill's own can have other rules than the instance's.
    """
    pod = await _own_pod(ground)
    if pod and hasten == 1:
        forward = Forward(ground.server, ground.namespace, pod, PROMETHEUS_PORT)
        try:
            host, port = await forward.listen()
            yield f"http://{host}:{port}"
        finally:
            await forward.close()
        return
    program = shutil.which(_PROGRAM)
    if program is None:
        raise DrillError(
            "nobody evaluates the alarms: the instance has no Prometheus of its own, and this machine has no "
            f"program `{_PROGRAM}`",
            hint="Give the stack file a section `monitoring`, or install one here (Debian: apt-get install "
            "prometheus); or leave the time to the alarm unmeasured: --without-alarm.",
        )
    async with _of_the_drill(ground, program, hasten) as address:
        yield address


async def _own_pod(ground: Ground) -> str:
    """Return the pod behind the instance's Service of Prometheus; empty where there is none."""
    place = f"/api/v1/namespaces/{quote(ground.namespace)}"
    service = await ground.cluster.get(f"{place}/services/{PROMETHEUS}")
    selector = ((service or {}).get("spec") or {}).get("selector") or {}
    if not selector:
        return ""
    labels = ",".join(f"{name}={value}" for name, value in selector.items())
    pods = await ground.cluster.items(f"{place}/pods", labelSelector=labels)
    return next((str(pod["metadata"]["name"]) for pod in pods if is_ready(pod)), "")


@asynccontextmanager
async def _of_the_drill(ground: Ground, program: str, hasten: float) -> AsyncIterator[str]:
    async with contextlib.AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heddle-drill-")))
        nodes = {}
        for node in (*ground.network.instance.orderers, *ground.network.instance.peers):
            forward = Forward(ground.server, node.namespace, node.pod, node.operations_port)
            stack.push_async_callback(forward.close)
            nodes[node.name] = ":".join(map(str, await forward.listen()))
        exporter, address = f"127.0.0.1:{_free_port()}", f"127.0.0.1:{_free_port()}"
        places = Places(exporter=exporter, nodes=nodes)
        for name, file in prometheus_files(ground.stack, ground.network, places).items():
            path = scratch / name
            path.touch(mode=0o600)
            path.write_text(hastened(file.content, hasten) if name in _TIMED else file.content)
        serve = ("monitoring", "serve", ground.stack, "--listen", exporter, "--every", str(_EVERY / hasten))
        await stack.enter_async_context(_running((*HEDDLE, *serve), ground.folder, scratch / "exporter.log"))
        storage = (f"--storage.tsdb.path={scratch / 'data'}", f"--web.listen-address={address}")
        command = (*CHILD, program, f"--config.file={scratch / CONFIG}", *storage)
        log = scratch / "prometheus.log"
        await stack.enter_async_context(_running(command, scratch, log))
        await _ready(f"http://{address}", log)
        yield f"http://{address}"


_TIMED: Final = (CONFIG, RULES)
_TIMES: Final = frozenset({"for", "scrape_interval", "scrape_timeout", "evaluation_interval"})


def hastened(text: str, times: float) -> str:
    """Return a configuration or rules of Prometheus with the times of its waits divided; at least a second.

    Ranges within expressions stay: a rate over five minutes needs its samples.
    """
    if times == 1:
        return text
    return yaml.safe_dump(_divided(yaml.safe_load(text), times), sort_keys=False)


def _divided(value: Any, times: float) -> Any:  # noqa: ANN401 - any plain data
    if isinstance(value, list):
        return [_divided(each, times) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _shorter(str(each), times) if name in _TIMES else _divided(each, times)
        for name, each in value.items()
    }


def _shorter(duration: str, times: float) -> str:
    """Return a duration of Prometheus, as `30s` or `1h30m`, divided."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    seconds = sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([smhd])", duration))
    return f"{max(1, round(seconds / times))}s" if seconds else duration


def _free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@asynccontextmanager
async def _running(command: Sequence[str], folder: Path, log: Path) -> AsyncIterator[None]:
    """Keep a process for the time of the body; end it and wait for it then."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=dict(os.environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _LONGEST_WAIT)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _ready(address: str, log: Path) -> None:
    async def look(left: float) -> int:
        try:
            async with httpx.AsyncClient(timeout=left, trust_env=False) as client:
                return (await client.get(f"{address}/-/ready")).status_code
        except httpx.TransportError as error:
            raise Unreachable(f"{address}: {str(error) or type(error).__name__}") from error

    try:
        await poll(look, lambda status: status == httpx.codes.OK, deadline=_STARTS, otherwise=_not_ready(log))
    except Unreachable:
        raise _not_ready(log)(0) from None


def _not_ready(log: Path) -> Any:  # noqa: ANN401 - what makes the error of a deadline
    def error(_status: int) -> DrillError:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        return DrillError(f"Prometheus is not ready after {_STARTS:.0f} s: {end}", hint="Start it by hand.")

    return error
