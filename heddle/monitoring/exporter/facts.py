"""Ask for the facts that the exporter tells; what cannot be found out is None, and hides nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from heddle.kube.client import KubeClient
from heddle.kube.clocks import clock_differences
from heddle.kube.volumeusage import VolumeUsage, volume_usage
from heddle.network.drift import ask_drift, kept_settings
from heddle.network.ends import InstanceCertificates, ask_certificates
from heddle.network.network import Network, open_network
from heddle.network.overview import BackupAge
from heddle.network.requests import CHANNEL_TYPE
from heddle.network.status import InstanceStatus, ask_status
from heddle.state.outputs import read_resources
from heddle.waiting import Attempts

__all__ = ["Facts", "ask_facts"]

T = TypeVar("T")
AskBackups = Callable[[], BackupAge | None]

_QUESTIONS = 4
"""Questions to a node that may follow each other, each with its own deadline: what it presents, what it has,
and what others say of chaincodes then. Cut off, a silent node would leave no number of any other one, and
alarms would begin to wait anew.
"""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Hold what is known of an instance at one moment.

    asleep: whether it hibernates; then nothing is asked of its nodes.
    backups: None also where the stack file wants none, which `unknown` tells apart.
    unknown: what could not be found out, by its name, with the reason.
    """

    namespace: str
    asleep: bool = False
    status: InstanceStatus | None = None
    certificates: InstanceCertificates | None = None
    drift: Mapping[str, int] = field(default_factory=dict)
    backups: BackupAge | None = None
    clocks: Mapping[str, float] = field(default_factory=dict)
    volumes: tuple[VolumeUsage, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)


def ask_facts(stack: str, folder: Path, ask_backups: AskBackups, *, deadline: float) -> Facts:
    """Return all facts of an instance; `ask_backups` tells the age of its newest backup.

    Raises HeddleError for a stack without an instance: there is nothing to tell then.
    """
    network = open_network(stack, folder)
    return asyncio.run(_Questions(network, stack, folder, deadline).ask(ask_backups))


class _Questions:
    """What is asked at one moment, side by side."""

    def __init__(self, network: Network, stack: str, folder: Path, deadline: float) -> None:
        self._network, self._stack, self._folder, self._deadline = network, stack, folder, deadline
        self._attempts = Attempts()

    async def ask(self, ask_backups: AskBackups) -> Facts:
        network = self._network
        asleep = network.instance.sleep is not None
        status, certificates, drift, backups, clocks, volumes = await asyncio.gather(
            self._known("status", None if asleep else ask_status(network, deadline=self._deadline)),
            self._known("certificates", ask_certificates(network, deadline=self._deadline)),
            self._known("drift", None if asleep else self._drift()),
            self._known("backups", asyncio.to_thread(ask_backups)),
            self._known("clocks", self._of_cluster(clock_differences)),
            self._known("volumes", self._of_cluster(self._usage)),
        )
        if backups is not None and backups.newest is None and not backups.overdue:
            self._attempts.failed["backups"] = backups.words
        return Facts(
            namespace=network.instance.namespace,
            asleep=asleep,
            status=status,
            certificates=certificates,
            drift=drift or {},
            backups=backups,
            clocks=clocks or {},
            volumes=volumes or (),
            unknown=dict(self._attempts.failed),
        )

    async def _known(self, name: str, question: Awaitable[T] | None) -> T | None:
        """Return the answer; None where nothing was asked, or nobody could tell, which is kept."""
        if question is None:
            return None
        return await self._attempts.made(name, question, seconds=_QUESTIONS * self._deadline)

    async def _drift(self) -> dict[str, int]:
        kept = kept_settings(read_resources(self._folder, self._stack, CHANNEL_TYPE))
        async with self._network.connections(None) as connections:
            asked = (
                ask_drift(self._network, connections, base, deadline=self._deadline) for base in kept.values()
            )
            return {
                name: len(changed) for name, changed in zip(kept, await asyncio.gather(*asked), strict=True)
            }

    async def _of_cluster(self, question: Callable[[KubeClient], Awaitable[T]]) -> T:
        async with await KubeClient.open(self._network.access.kubeconfig) as cluster:
            return await question(cluster)

    async def _usage(self, cluster: KubeClient) -> tuple[VolumeUsage, ...]:
        return await volume_usage(cluster, self._network.instance.namespace)
