"""How nodes are reached: domains, pinned ports, load balancers."""

from typing import Any

import pytest
from pulumi.runtime import MockResourceArgs

from heddle.network.instance import read_instance
from tests.components import recording
from tests.components.declared import named
from tests.components.options import DOMAIN, NETWORK, SERVER, container
from tests.components.recording import Recorder, record


def endpoints(recorder: Recorder) -> dict[str, str]:
    instance = read_instance(recorder.instance)
    return {node.name: node.public_endpoint for node in (*instance.orderers, *instance.peers)}


def test_with_a_domain_names_and_ports_are_the_same_everywhere() -> None:
    """On the ledger, in core.yaml, at the Service and on the cluster's machines."""
    recorder = record({**NETWORK, **DOMAIN})

    service = named(recorder, "Service")["peer1-one"]["spec"]
    assert service["type"] == "NodePort"
    assert service["ports"] == [
        {"name": "grpc", "port": 30101, "targetPort": "grpc", "protocol": "TCP", "nodePort": 30101}
    ]
    channel = recorder.of("Channel")["dev-channel-channel-ledger"]
    assert [each["port"] for each in channel["consenters"]] == [30050, 30051, 30052]
    assert channel["peerOrganizations"][0]["anchorPeers"] == ["peer0-one.fabric.example.com:30100"]
    config = named(recorder, "ConfigMap")["peer1-one"]["data"]["core.yaml"]
    assert 'externalEndpoint: "peer1-one.fabric.example.com:30101"' in config
    ports = {each["name"]: each["containerPort"] for each in container(recorder, "peer1-one")["ports"]}
    assert ports["grpc"] == 30101
    assert endpoints(recorder)["peer1-one"] == "peer1-one.fabric.example.com:30101"
    # Clients come from anywhere.
    assert "from" not in named(recorder, "NetworkPolicy")["peers-one"]["spec"]["ingress"][0]


def test_a_load_balancer_per_node_has_the_pinned_port() -> None:
    """With a domain nobody waits for its address: names are resolved by whoever runs the domain."""
    service = named(record({**NETWORK, **DOMAIN, "exposure": "LoadBalancer"}), "Service")["peer0-one"]

    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["ports"][0]["port"] == 30100
    assert "nodePort" not in service["spec"]["ports"][0]
    assert service["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_without_a_domain_a_load_balancers_address_is_awaited_and_told() -> None:
    """It is where clients go; an address or, as some clouds give, a name."""
    recorder = record({**NETWORK, "exposure": "LoadBalancer"})

    service = named(recorder, "Service")["peer0-one"]
    assert service["metadata"]["annotations"] == {
        "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress}"
    }
    assert endpoints(recorder)["peer0-one"] == "192.0.2.7:7051"
    assert named(recorder, "Service")[SERVER]["spec"]["type"] == "ClusterIP"


def test_a_service_that_becomes_a_load_balancer_has_no_address_in_the_preview(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The dry run of an update answers with the status of before."""
    answered = recording.outputs_of

    def dry_run(args: MockResourceArgs) -> dict[str, Any]:
        outputs = answered(args)
        return {**outputs, "status": {"loadBalancer": {}}} if args.typ.endswith(":Service") else outputs

    monkeypatch.setattr(recording, "outputs_of", dry_run)

    assert set(endpoints(record({**NETWORK, "exposure": "LoadBalancer"})).values()) == {""}
