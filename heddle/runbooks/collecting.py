"""Collect an archive for support: verdicts, versions, objects, events, channels, logs; never a secret."""

import asyncio
import platform
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.errors import HeddleError
from heddle.fabric.connection import Connections
from heddle.kube.client import KubeClient
from heddle.logs.entries import entries_of
from heddle.logs.lines import Layout, shown
from heddle.logs.reading import Log, read_logs
from heddle.logs.sources import choose
from heddle.network.blocks import read_config_block
from heddle.network.network import Network
from heddle.network.status import ask_status
from heddle.runbooks.allowlist import KINDS, taken
from heddle.runbooks.archive import Archive
from heddle.runbooks.context import Context
from heddle.runbooks.scrubbing import Scrubber, secret_name
from heddle.versions import HEDDLE
from heddle.waiting import Attempts

__all__ = ["collect", "contents"]

_LINES = 20_000
"""Lines of one log at most, the newest."""
_README = """\
An archive about the Hyperledger Fabric instance {name}, made by Heddle {version}.

verdicts.txt   what is wrong, the most serious first, and what deals with it; read it first
status.json    what each node answered: versions, heights, problems
channels/      configuration in force of each channel
objects/       what the cluster has, by kind, as far as a list of allowed fields takes it
logs/          the newest lines of each node, database and chaincode server; .previous: before a restart
missing.txt    what could not be collected, and why

Secrets and ConfigMaps were not read, and no value of a container's variable was taken. What looked like a
key, a password or a token in what nodes say is replaced by [removed]. Look through it before you hand it on.
"""


def contents(network: Network) -> list[str]:
    """Return what an archive would hold, for the plan."""
    instance = network.instance
    nodes = [*instance.orderers, *instance.peers]
    return [
        "verdicts of triage, versions, status of each node",
        f"configuration of {', '.join(instance.channels) or 'no channel'}",
        f"allowed fields of {', '.join(KINDS)}; no Secret, no ConfigMap, no value of a variable",
        f"logs of {', '.join(node.name for node in nodes)}, their databases and chaincode servers",
    ]


async def collect(
    context: Context,
    cluster: KubeClient,
    connections: Connections,
    to: Path,
    *,
    verdicts: Mapping[str, Any],
    lines: Iterable[str],
    since: int | None,
    patience: float,
) -> list[str]:
    """Write the archive; return what it lacks, a line each. Each node has `patience` seconds to answer."""
    network = context.network
    attempts = Attempts()
    lists, status, channels, logs = await asyncio.gather(
        _lists(cluster, network, attempts, patience),
        _status(network, attempts, patience),
        _channels(network, connections, attempts, patience),
        _logs(cluster, network, attempts, since, patience),
    )
    missing = sorted(f"{what}: {why}" for what, why in attempts.failed.items())
    name = network.instance.name
    with Archive(to, f"heddle-{name}", Scrubber(_known(network, lists))) as archive:
        archive.add("README.txt", _README.format(name=name, version=HEDDLE))
        archive.add("verdicts.txt", "".join(f"{line}\n" for line in lines))
        archive.add_json("verdicts.json", verdicts)
        archive.add_json("versions.json", await _versions(cluster))
        if status is not None:
            archive.add_json("status.json", status)
        for channel, found in channels.items():
            archive.add_json(f"channels/{channel}.json", found)
        for kind, found in lists.items():
            archive.add_json(f"objects/{kind}.json", [taken(each, KINDS[kind][1]) for each in found])
        for file, text in logs.items():
            archive.add(f"logs/{file}", text)
        archive.add("missing.txt", "".join(f"{line}\n" for line in missing) or "nothing\n")
    return missing


def _known(network: Network, lists: Mapping[str, list[Any]]) -> Iterator[str]:
    """Yield values that are secret: the network's keys, and those of variables whose names say so."""
    access = network.access
    yield from (key for keys in access.user_keys.values() for key in keys.values())
    yield from filter(None, (access.admin_tls_key, access.operations_tls_key))
    yield from _credentials(access.kubeconfig)
    for kind in ("pods", "statefulsets", "deployments"):
        for each in lists.get(kind, ()):
            spec = each["spec"] if kind == "pods" else each["spec"]["template"]["spec"]
            for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
                for variable in container.get("env") or ():
                    if variable.get("value") and secret_name(variable["name"]):
                        yield str(variable["value"])


def _credentials(kubeconfig: str) -> Iterator[str]:
    """Yield what a kubeconfig has of secrets; not its other lines, which are in many texts."""
    for each in (yaml.safe_load(kubeconfig) or {}).get("users") or ():
        user = each.get("user") or {}
        yield from (str(user[key]) for key in ("token", "password", "client-key-data") if user.get(key))


async def _lists(
    cluster: KubeClient, network: Network, attempts: Attempts, patience: float
) -> dict[str, list[Any]]:
    """Return the objects of each kind, whole: what is taken of them is decided when they are written."""

    async def ask(kind: str) -> list[Any] | None:
        path = KINDS[kind][0].format(namespace=network.instance.namespace)
        return await attempts.made(f"objects/{kind}.json", cluster.items(path), seconds=patience)

    found = await asyncio.gather(*map(ask, KINDS))
    return {kind: each for kind, each in zip(KINDS, found, strict=True) if each is not None}


async def _status(network: Network, attempts: Attempts, patience: float) -> dict[str, Any] | None:
    asked = ask_status(network, deadline=patience)
    found = await attempts.made("status.json", asked, seconds=3 * patience)
    return found.plain() if found is not None else None


async def _channels(
    network: Network, connections: Connections, attempts: Attempts, patience: float
) -> dict[str, Any]:
    async def ask(channel: str) -> dict[str, Any]:
        block = await read_config_block(network, connections, network.history(channel))
        config = config_of(block)
        settings = settings_of(config.config, channel=channel)
        return {
            "configBlock": block.header.number,
            "sequence": config.config.sequence,
            "settings": settings.written(),
            "organizations": list(network.instance.channel(channel).organizations),
        }

    names = list(network.instance.channels)
    found = await asyncio.gather(
        *(attempts.made(f"channels/{name}.json", ask(name), seconds=3 * patience) for name in names)
    )
    return {name: each for name, each in zip(names, found, strict=True) if each is not None}


async def _logs(
    cluster: KubeClient, network: Network, attempts: Attempts, since: int | None, patience: float
) -> dict[str, str]:
    """Return the logs by their file's name: of each source, and of its container before if there was one."""
    texts: dict[str, str] = {}
    for previous, ending in ((False, ".log"), (True, ".previous.log")):
        reading = read_logs(
            cluster,
            network.instance,
            choose(network.instance, (), ()),
            since=None if previous else since,
            previous=previous,
            silence=patience,
        )
        found = await attempts.made(f"logs/*{ending}", reading, seconds=6 * patience)
        if found is None:
            continue
        attempts.failed |= {
            f"logs/{log.source.name}{ending}": log.trouble for log in found.logs if log.trouble
        }
        texts |= {f"{log.source.name}{ending}": _text(log) for log in found.logs if log.lines}
    return texts


def _text(log: Log) -> str:
    layout = Layout()
    lines = log.lines[-_LINES:]
    entries = entries_of(lines, source=log.source.name, kind=log.source.kind)
    return "".join(f"{line}\n" for each in entries for line in shown(each, layout, 0, lambda words, _: words))


async def _versions(cluster: KubeClient) -> dict[str, Any]:
    try:
        kubernetes = (await cluster.get("/version") or {}).get("gitVersion")
    except HeddleError:
        kubernetes = None
    return {"heddle": HEDDLE, "python": platform.python_version(), "kubernetes": kubernetes}
