"""Write what Prometheus needs to scrape an instance: its configuration, rules, and the client certificate."""

from dataclasses import dataclass

from heddle.monitoring.alarms import rules_yaml
from heddle.monitoring.targets import (
    CERTIFICATE,
    CONFIG,
    KEY,
    ROOTS,
    RULES,
    Places,
    Target,
    bundle,
    config_yaml,
    services_yaml,
)
from heddle.network.network import Network

__all__ = ["File", "prometheus_files"]


@dataclass(frozen=True, kw_only=True)
class File:
    """Hold the content of a file, and whether it is a secret."""

    content: str
    secret: bool = False


def prometheus_files(stack: str, network: Network, places: Places) -> dict[str, File]:
    """Return the files of a Prometheus that scrapes an instance, by their names in one folder.

    Without the client certificate, where the operations endpoints want none.
    """
    instance, client = network.instance, network.operations_tls()
    nodes = [("orderer", each) for each in instance.orderers] + [("peer", each) for each in instance.peers]
    targets = [
        Target(
            name=each.name,
            host=each.host,
            port=each.operations_port,
            organization=each.organization,
            role=role,
        )
        for role, each in nodes
    ]
    config = config_yaml(stack, instance.namespace, targets, tls=client is not None, places=places)
    services = services_yaml(stack, instance.name, instance.namespace, targets)
    files = {
        CONFIG: File(content=config),
        RULES: File(content=rules_yaml(stack, instance.namespace)),
        "services.yaml": File(content=services),
    }
    if client is not None:
        roots = (root for _, node in nodes for root in node.tls_root_certificates)
        files |= {
            ROOTS: File(content=bundle(roots)),
            CERTIFICATE: File(content=client.certificate.decode()),
            KEY: File(content=client.private_key.decode(), secret=True),
        }
    return files
