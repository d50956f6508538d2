"""The normal form of manifests: what Kubernetes' own types make of them."""

from typing import Any

import pytest

from heddle.embedded.engine.kubernetes.normal import normal
from heddle.embedded.engine.kubernetes.prune import pruned
from heddle.plugin.values import UNKNOWN


def _pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"hostNetwork": False}, {}),
        ({"volumes": []}, {}),
        ({"enableServiceLinks": False}, {"enableServiceLinks": False}),
        ({"securityContext": {}}, {"securityContext": {}}),
        ({"noSuchField": 1}, {}),
        ({"nodeSelector": {}}, {}),
        ({"terminationGracePeriodSeconds": 0}, {"terminationGracePeriodSeconds": 0}),
        ({"volumes": [{"name": "v", "emptyDir": {}}]}, {"volumes": [{"name": "v", "emptyDir": {}}]}),
        (
            {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}}]},
            {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]},
        ),
        (
            {
                "containers": [
                    {"name": "c", "livenessProbe": {"tcpSocket": {"port": 7050}, "periodSeconds": 0}}
                ]
            },
            {"containers": [{"name": "c", "livenessProbe": {"tcpSocket": {"port": 7050}}}]},
        ),
        (
            {"containers": [{"name": "c", "livenessProbe": {"tcpSocket": {"port": "grpc"}}}]},
            {"containers": [{"name": "c", "livenessProbe": {"tcpSocket": {"port": "grpc"}}}]},
        ),
    ],
)
def test_empty_optional_fields_go_and_meaningful_zeros_stay(
    spec: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Go's omitempty, field by field: pointers and structs keep their zero, others lose it."""
    assert normal(_pod(**spec))["spec"] == expected


def test_a_manifest_of_wrong_types_is_left_to_the_api_server() -> None:
    """It says what is wrong better than we could; nothing of it is lost before."""
    pod = _pod(hostNetwork="yes", volumes=[])
    assert normal(pod) == pod


def test_unknown_parts_leave_the_rest_as_given() -> None:
    """What is not known yet cannot be normal; read-only metadata goes all the same."""
    pod = _pod(nodeName=UNKNOWN, volumes=[]) | {"metadata": {"name": "p", "uid": "u"}}
    assert normal(pod) == _pod(nodeName=UNKNOWN, volumes=[])


def test_string_data_becomes_data() -> None:
    """As the API server stores it, so that a later comparison finds it."""
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "YQ=="}, "stringData": {"b": "b"}}
    assert normal(secret) == {"apiVersion": "v1", "kind": "Secret", "data": {"a": "YQ==", "b": "Yg=="}}


def test_secret_data_is_encoded_again_and_bad_data_is_kept() -> None:
    """Line breaks within base64 are no difference; what is no base64 the API server refuses."""
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "YW\nE=", "b": "%%"}}
    assert normal(secret)["data"] == {"a": "YWE=", "b": "%%"}


@pytest.mark.parametrize(
    ("live", "inputs", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 0}, {"a": 1}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 0}}, {"a": {"x": 1}}),
        ({"a": {"x": 1}}, {"a": "text"}, {"a": {"x": 1}}),
        ({"a": [{"x": 1, "y": 2}, {"x": 3}]}, {"a": [{"x": 0}]}, {"a": [{"x": 1}]}),
        ({"a": [1, 2, 3]}, {"a": [9]}, {"a": [1]}),
        ({"a": [1]}, {"a": [9, 9]}, {"a": [1]}),
        ({"a": [1, 2]}, {"a": []}, {"a": []}),
        ({"a": [1, 2]}, {"a": ["x"]}, {"a": [1, 2]}),
        ({}, {"a": 1}, {}),
    ],
)
def test_a_live_object_is_cut_to_the_shape_of_its_inputs(
    live: dict[str, Any], inputs: dict[str, Any], expected: dict[str, Any]
) -> None:
    """What the cluster added to an object is not the program's, so it is no difference."""
    assert pruned(live, inputs) == expected
