"""Write what Prometheus needs to scrape an instance: its configuration, rules, and the client certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heddle.monitoring.alarms import rules_yaml
from heddle.network.instance import NodeOutput
from heddle.network.network import Network
from heddle.render import operations_services_yaml, prometheus_yaml

__all__ = ["File", "Places", "prometheus_files"]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Say where the other parts are, as `HOST:PORT`; empty: there is none.

    nodes: by name, where a node's operations port answers; those left out answer behind their Services.
    """

    exporter: str = ""
    alertmanager: str = ""
    nodes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class File:
    """Hold the content of a file, and whether it is a secret."""

    content: str
    secret: bool = False


def _service(node: NodeOutput) -> str:
    """Return where pods of other namespaces, too, reach a node's operations port."""
    return f"{node.name}-operations.{node.namespace}.svc:{node.operations_port}"


def prometheus_files(stack: str, network: Network, places: Places) -> dict[str, File]:
    """Return the files of a Prometheus that scrapes an instance, by their names in one folder.

    Without the client certificate, where the operations endpoints want none.
    """
    instance, client = network.instance, network.operations_tls()
    nodes = [("orderer", each) for each in instance.orderers] + [("peer", each) for each in instance.peers]
    known = {
        "stack": stack,
        "instance": instance.name,
        "namespace": instance.namespace,
        "nodes": [
            {
                "name": each.name,
                "service": f"{each.name}-operations",
                "host": each.host,
                "port": each.operations_port,
                "target": places.nodes.get(each.name) or _service(each),
                "organization": each.organization,
                "role": role,
            }
            for role, each in nodes
        ],
    }
    config = prometheus_yaml(
        **known, tls=client is not None, exporter=places.exporter, alertmanager=places.alertmanager
    )
    files = {
        "prometheus.yaml": File(content=config),
        "rules.yaml": File(content=rules_yaml(stack, instance.namespace)),
        "services.yaml": File(content=operations_services_yaml(**known)),
    }
    if client is not None:
        roots = dict.fromkeys(root.strip() for _, node in nodes for root in node.tls_root_certificates)
        files |= {
            "roots.pem": File(content="\n".join([*roots, ""])),
            "client.pem": File(content=client.certificate.decode()),
            "client.key": File(content=client.private_key.decode(), secret=True),
        }
    return files
