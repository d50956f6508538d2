"""Say where the nodes of an instance are found: their domain, their ports, and what both were before."""

from dataclasses import dataclass

from heddle.spec import Instance
from heddle.spec.defaults import default_namespace
from heddle.spec.former import NO_DOMAIN

PEER_PORT = 7051
PEER_OPERATIONS_PORT = 9443
ORDERER_PORT = 7050
ORDERER_ADMIN_PORT = 9443
ORDERER_OPERATIONS_PORT = 8443


@dataclass(frozen=True)
class Addresses:
    """Where the nodes of one instance are found.

    public_address: where clients outside reach them, already resolved; empty = nowhere.
    """

    instance: Instance
    public_address: str

    @property
    def namespace(self) -> str:
        """Return the namespace that all objects are in."""
        return self.instance.namespace or default_namespace(self.instance.name)

    @property
    def service_domain(self) -> str:
        """Return what the names of Services end with, inside the cluster."""
        return f"{self.namespace}.svc.{self.instance.dns_domain}"

    @property
    def domain(self) -> str:
        """Return what the nodes' names on the ledger end with."""
        return self.instance.domain or self.service_domain

    @property
    def service_type(self) -> str:
        """Return the type of the nodes' Services."""
        if self.instance.exposure == "LoadBalancer":
            return "LoadBalancer"
        return "NodePort" if self.public_address or self.instance.domain else "ClusterIP"

    def former(
        self, name: str, kind: str, index: int, organization: str, pinned: int | None
    ) -> tuple[str, ...]:
        """Return the address that a node had before, if it is another one."""
        former, usual = self.instance.former, ORDERER_PORT if kind == "orderer" else PEER_PORT
        if former is None:
            return ()
        first = former.ports.get(organization)
        port = (pinned or usual) if first is None else first + index
        if former.domain == NO_DOMAIN:
            port = usual
        now, address = f"{name}.{self.domain}:{pinned or usual}", f"{name}.{self._former_domain}:{port}"
        return () if address == now else (address,)

    @property
    def _former_domain(self) -> str:
        former = self.instance.former
        if former is None or former.domain is None:
            return self.domain
        return self.service_domain if former.domain == NO_DOMAIN else former.domain

    def tls_hosts(self, name: str) -> tuple[str, ...]:
        """Return every name and address that a node is dialled by, former ones too."""
        former = self.instance.former
        hosts = (
            f"{name}.{self.domain}",
            f"{name}.{self.service_domain}",
            f"{name}.{self.namespace}.svc",
            f"{name}.{self.namespace}",
            name,
            "localhost",
            "127.0.0.1",
            self.public_address,
            f"{name}.{self._former_domain}",
            former.public_address if former else None,
        )
        return tuple(dict.fromkeys(host for host in hosts if host))
