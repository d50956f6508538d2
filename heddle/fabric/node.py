"""Describe a node as its clients see it: the name on the ledger, and the address to dial."""

from dataclasses import dataclass, field

__all__ = ["ClientTls", "Node"]


@dataclass(frozen=True, kw_only=True)
class ClientTls:
    """Hold a TLS client certificate and its key, both PEM, as an orderer's admin endpoint asks for."""

    certificate: bytes
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Node:
    """Describe one peer or orderer.

    `host` and `port` are what the ledger and the TLS certificate say; `host` is verified. Where a
    `dial` address ("127.0.0.1:7050") is given, connections go there instead; `namespace` and `pod` serve a
    dialer that goes through the API server. An orderer's `admin_port` is the participation API.

    A node that moves has `former` addresses (host:port): it answers to both, once it has restarted, and until
    then to the former alone.
    """

    name: str
    msp_id: str
    host: str
    port: int
    namespace: str = ""
    pod: str = ""
    tls_root_certificates: tuple[bytes, ...] = ()
    admin_port: int | None = None
    operations_port: int | None = None
    dial: str = ""
    admin_dial: str = ""
    operations_dial: str = ""
    former: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Return host:port, as the ledger names the node."""
        return f"{self.host}:{self.port}"

    @property
    def addresses(self) -> frozenset[str]:
        """Return every address (host:port) by which a ledger or another node may know it."""
        return frozenset((self.address, *self.former))

    @property
    def verified_host(self) -> str:
        """Return the name that its certificate has: of a node that moves the former, before and after."""
        return self.former[0].rpartition(":")[0] if self.former else self.host

    def direct(self, port: int) -> str:
        """Return the address that was given to dial for this port, or "" where there is none."""
        given = {
            self.operations_port: self.operations_dial,
            self.admin_port: self.admin_dial,
            self.port: self.dial,
        }
        return given.get(port, "")

    def at(self, port: int | None = None) -> str:
        """Return name and address for messages: `orderer1 (orderer1.fabric:7050, pod fabric/orderer1-0)`."""
        port = self.port if port is None else port
        way = ""
        if self.direct(port):
            way = f", dialled at {self.direct(port)}"
        elif self.pod:
            way = f", pod {self.namespace}/{self.pod}"
        return f"{self.name} ({self.host}:{port}{way})"
