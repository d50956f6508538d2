"""Bring a cluster up: each step says what it waits for, and each can be interrupted and done again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from heddle.embedded.kubernetes import cgroups
from heddle.embedded.kubernetes.addresses import Block, allocate
from heddle.embedded.kubernetes.api import Api
from heddle.embedded.kubernetes.certificates import write_certificates
from heddle.embedded.kubernetes.commands import run, succeeds
from heddle.embedded.kubernetes.components import HOLDER, Programs, components
from heddle.embedded.kubernetes.configuration import PAUSE_IMAGE, write_configuration
from heddle.embedded.kubernetes.dns import resolves
from heddle.embedded.kubernetes.down import stop
from heddle.embedded.kubernetes.images import load_image
from heddle.embedded.kubernetes.kubeconfigs import write_kubeconfigs
from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.machine import machine
from heddle.embedded.kubernetes.network import connect, routed_networks
from heddle.embedded.kubernetes.objects import initial_objects
from heddle.embedded.kubernetes.prerequisites import ensure_prerequisites
from heddle.embedded.kubernetes.processes import Running, running, start
from heddle.embedded.kubernetes.programs import built, ensure_built
from heddle.embedded.kubernetes.record import (
    Record,
    exclusive,
    read_record,
    records,
    waiting_lock,
    write_record,
)
from heddle.embedded.kubernetes.reporter import Reporter, step
from heddle.embedded.kubernetes.shared import prepare_machine
from heddle.embedded.kubernetes.status import node_ready
from heddle.embedded.kubernetes.waiting import last_lines, wait_for
from heddle.errors import LocalKubeError
from heddle.images.archive import File, Image, write_image
from heddle.spec.defaults import DNS_DOMAIN

__all__ = ["Up", "up"]

_SECONDS = 120
"""Deadline of each wait: ten times what an idle machine needs, for one that is busy."""


def up(layout: Layout, reporter: Reporter, *, dns_domain: str = "") -> bool:
    """Bring the cluster up, or find that it is; return whether anything had to be done.

    `dns_domain`: what the names of its Services end with; left out, as it was made, or cluster.local.

    Raises:
        LocalKubeError: something is missing or did not start in time; with the evidence. What was started
            stays, for `logs`; `down` removes it. Or the cluster has another DNS domain.
    """
    ensure_prerequisites(reporter.detail, needs_go=built() is None)
    with step(reporter, "programs"):
        programs = ensure_built(reporter.detail)
    with exclusive(layout.lock, f"cluster {layout.name}"):
        record = _recorded(layout, dns_domain)
        if record.running and record.programs == programs.key and _complete(layout, record, programs):
            return False
        if record.running and (record.programs != programs.key or running(layout, HOLDER) is None):
            with step(reporter, "removing what an earlier start left"):
                stop(layout, record)
        record = replace(record, running=True, programs=programs.key)
        write_record(layout, record)
        Up(layout=layout, block=record.block, programs=programs, reporter=reporter).all()
    return True


def _recorded(layout: Layout, dns_domain: str) -> Record:
    """Return the cluster's record; a new cluster gets addresses that nobody uses.

    Raises LocalKubeError if it was made with another DNS domain.
    """
    if record := read_record(layout):
        if dns_domain not in ("", record.dns_domain):
            raise LocalKubeError(
                f"cluster {layout.name}: its DNS domain is {record.dns_domain} and cannot change",
                hint=f"Take another --name, or first: heddle cluster down --purge --name {layout.name}",
            )
        return record
    clusters = layout.folder.parent
    with waiting_lock(clusters / ".addresses.lock"):
        others = [other.block.network for other in records(clusters)]
        record = Record(
            name=layout.name,
            network=str(allocate(layout.name, [*others, *routed_networks()]).network),
            dns_domain=dns_domain or DNS_DOMAIN,
        )
        write_record(layout, record)
    return record


def _complete(layout: Layout, record: Record, programs: Programs) -> bool:
    """Tell whether every component runs and the API server answers."""
    names = [HOLDER, *components(layout, record.block, programs)]
    if any(running(layout, name) is None for name in names):
        return False
    with Api(layout, record.block) as api:
        return api.answers("/readyz") and node_ready(api, layout)


@dataclass(kw_only=True)
class Up:
    """Bring a cluster up: the steps in order, with what they share."""

    layout: Layout
    block: Block
    programs: Programs
    reporter: Reporter
    holder: Running | None = None

    def all(self) -> None:
        """Take every step in order."""
        with step(self.reporter, "network, certificates, configuration"):
            self.prepare()
        with step(self.reporter, "containerd"):
            self.start("etcd", "containerd")
            self.runtime()
        with Api(self.layout, self.block) as api:
            with step(self.reporter, "API server"):
                self.start("kube-apiserver")
                self.wait(
                    "kube-apiserver", lambda: api.answers("/readyz"), lambda: api.text("/readyz?verbose")
                )
            with step(self.reporter, "DNS, storage, permissions"):
                self.start("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
                for path, body in initial_objects(self.block, self.layout.volumes).items():
                    api.apply(path, body)
                self.start("coredns", "provisioner")
            with step(self.reporter, "node"):
                self.wait("kubelet", lambda: node_ready(api, self.layout))
                account = "/api/v1/namespaces/default/serviceaccounts/default"
                self.wait("kube-controller-manager", lambda: api.get(account) is not None)
                name = f"kubernetes.default.svc.{self.block.dns_domain}"
                self.wait("coredns", lambda: resolves(name, self.block.dns_service))

    def prepare(self) -> None:
        """Make all but processes, in the order in which `down` can undo it."""
        layout = self.layout
        for folder in (layout.logs / "pods", layout.volumes, *layout.bindings.values()):
            folder.mkdir(parents=True, exist_ok=True)
        layout.folder.chmod(0o755)
        layout.volumes.chmod(0o700)
        here = machine(layout.folder)
        write_certificates(layout, self.block)
        write_kubeconfigs(layout, self.block)
        write_configuration(layout, self.block, here)
        cgroups.make_groups(layout)
        connect(layout, self.block)
        prepare_machine(layout)
        self.holder = running(layout, HOLDER) or self.hold()

    def hold(self) -> Running:
        """Start the holder and arrange its mount namespace."""
        holder = start(self.layout, HOLDER, [str(self.programs.pause)], holder=None)
        wait_for(
            "mount namespace",
            lambda: holder.runs(self.programs.pause),
            seconds=10,
            evidence=lambda: last_lines(self.layout.logs / f"{HOLDER}.log"),
        )
        inside = ("nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "mount")
        for point, source in self.layout.bindings.items():
            run(*inside, "--bind", source, point)
        run(*inside, "--bind", self.layout.resolv_conf, "/etc/resolv.conf")
        run(*inside, "--make-rshared", "/")  # volumes that a pod mounts for the node
        return holder

    def start(self, *names: str) -> None:
        """Start the components that do not run."""
        wanted = components(self.layout, self.block, self.programs)
        for name in names:
            if running(self.layout, name) is None:
                start(self.layout, name, wanted[name].argv, holder=self.holder)

    def runtime(self) -> None:
        """Wait for containerd and give it the image of pods' sandboxes."""
        layout = self.layout
        socket = layout.containerd_socket
        self.wait("containerd", lambda: socket.exists() and succeeds("ctr", "--address", socket, "version"))
        archive = layout.run / "pause.tar"
        layers = ((File(path="/pause", content=self.programs.pause, mode=0o755),),)
        write_image(
            Image(name=PAUSE_IMAGE, layers=layers, entrypoint=("/pause",), user="65535:65535"), archive
        )
        load_image(layout, archive)

    def wait(self, component: str, ready: Callable[[], bool], more: Callable[[], str] = lambda: "") -> None:
        """Wait for a fact that `component` brings about."""
        self.reporter.detail(f"waiting for {component}")
        log = self.layout.logs / f"{component}.log"
        wait_for(
            component,
            ready,
            seconds=_SECONDS,
            evidence=lambda: "\n".join(filter(None, (more(), last_lines(log)))),
            broken=lambda: "" if running(self.layout, component) else "it has ended",
        )
