"""What pods are given, what they may do, and what changes them."""

import json

import pytest

from tests.components.declared import NETWORK, all_before, named, pod_specs
from tests.components.recording import Recorder, record


def test_pods_fit_the_restricted_standard(network: Recorder) -> None:
    """What the namespace enforces, so that no pod is refused."""
    namespace = network.of("Namespace")["dev-cluster-namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"

    for pod in pod_specs(network):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"], security["fsGroup"]) == (True, 1000, 1000)
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            own = container["securityContext"]
            assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True)
            assert own["capabilities"] == {"drop": ["ALL"]}


def test_nodes_start_together_and_are_replaced_one_by_one(network: Recorder) -> None:
    """OnDelete: only a Rollout restarts a node; it depends on every StatefulSet of its set."""
    for inputs in network.of("StatefulSet").values():
        assert inputs["spec"]["updateStrategy"] == {"type": "OnDelete"}
        assert inputs["spec"]["replicas"] == 1

    rollouts = network.of("Rollout")
    assert sorted(rollouts) == [
        f"dev-{kind}-{part}" for kind in ("orderers", "peers") for part in ("dial-anew", "rollout")
    ]
    assert set(rollouts["dev-peers-rollout"]["revisions"]) == {"peer0-one", "peer1-one", "peer0-two"}
    for name in rollouts:
        kind = name.removesuffix("-rollout").removesuffix("-dial-anew")
        last = max(network.position(each) for each in network.of("StatefulSet") if each.startswith(kind))
        assert last < network.position(name)


def test_a_pod_can_be_taken_out_of_its_service_alone(network: Recorder) -> None:
    """By one label, which its StatefulSet and the NetworkPolicies do not know."""
    for name, inputs in named(network, "StatefulSet").items():
        selector = named(network, "Service")[name]["spec"]["selector"]
        owner = inputs["spec"]["selector"]["matchLabels"]
        assert selector.items() <= inputs["spec"]["template"]["metadata"]["labels"].items()
        assert selector.keys() - owner.keys() == {"app.kubernetes.io/managed-by"}
    for policy in network.of("NetworkPolicy").values():
        assert "managed-by" not in json.dumps(policy["spec"])


def test_all_pods_start_at_the_same_time(network: Recorder) -> None:
    """Only the restarts are in a row: no StatefulSet waits for a Rollout, directly or through others."""
    for name in network.of("StatefulSet"):
        assert not [each for each in all_before(network, name) if each.endswith("-rollout")]


def test_probes_ask_what_they_should(network: Recorder) -> None:
    """The gRPC port says ready; a busy node is not dead, so liveness asks the operations port."""
    for inputs in network.of("StatefulSet").values():
        container = inputs["spec"]["template"]["spec"]["containers"][0]
        assert container["startupProbe"]["tcpSocket"] == {"port": "grpc"}
        assert container["readinessProbe"]["tcpSocket"] == {"port": "grpc"}
        assert container["livenessProbe"]["tcpSocket"] == {"port": "operations"}


def test_a_pod_sees_exactly_the_files_that_its_objects_hold(network: Recorder) -> None:
    """No key of a ConfigMap or Secret is forgotten, none is asked for in vain."""
    for name, inputs in named(network, "StatefulSet").items():
        volumes = inputs["spec"]["template"]["spec"]["volumes"]
        sources = volumes[0]["projected"]["sources"]
        config, secret = sources[0]["configMap"], sources[1]["secret"]
        assert (config["name"], secret["name"]) == (name, name)
        assert {item["key"] for item in config["items"]} == set(named(network, "ConfigMap")[name]["data"])
        assert {item["key"] for item in secret["items"]} == set(named(network, "Secret")[name]["data"])


def test_the_template_changes_with_the_files_of_this_node_alone() -> None:
    """Another MSP id for one organization: its peers are outdated, nobody else."""

    def checksums(recorder: Recorder) -> dict[str, str]:
        return {
            name: inputs["spec"]["template"]["metadata"]["annotations"]["heddle.dev/checksum"]
            for name, inputs in named(recorder, "StatefulSet").items()
        }

    before = checksums(record(NETWORK))
    organizations = [{**NETWORK["organizations"][0], "mspId": "OtherMSP"}, NETWORK["organizations"][1]]
    after = checksums(record({**NETWORK, "organizations": organizations}))

    assert {name for name in before if before[name] != after[name]} == {"peer0-one", "peer1-one"}


@pytest.mark.parametrize(("nodes", "budgets"), [(1, 0), (3, 1)])
def test_a_budget_keeps_all_but_one_consenter(nodes: int, budgets: int) -> None:
    """A single consenter has none: it would block every drain."""
    declared = record({**NETWORK, "ordering": {"nodes": nodes}}).of("PodDisruptionBudget")

    assert len(declared) == budgets
    assert all(each["spec"]["minAvailable"] == nodes - 1 for each in declared.values())
