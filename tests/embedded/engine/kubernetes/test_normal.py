"""The normal form of manifests: what Kubernetes' own types make of them."""

import string
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.embedded.engine.kubernetes.normal import normal
from heddle.embedded.engine.kubernetes.prune import pruned
from heddle.embedded.engine.kubernetes.quantity import canonical
from heddle.plugin.values import UNKNOWN


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("1", "1"),
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1500m", "1500m"),
        ("2000", "2k"),
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1Gi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("512Ki", "512Ki"),
        ("1.1Ki", "1126400m"),
        ("1e3", "1e3"),
        ("100e1", "1e3"),
        ("1E", "1E"),
        ("0Gi", "0"),
        ("-1500m", "-1500m"),
        ("+5", "5"),
        (".5", "500m"),
        ("0.1n", "1n"),
    ],
)
def test_quantities_have_one_spelling(given_: str, expected: str) -> None:
    """What the API server would answer, so that a comparison with it is fair."""
    assert canonical(given_) == expected


@given(st.integers(0, 10**15), st.sampled_from(["m", "", "k", "M", "G", "Ki", "Mi", "Gi"]))
def test_the_canonical_form_is_final_and_means_the_same(number: int, suffix: str) -> None:
    """Writing it again changes nothing; its value is the value that was given."""
    scale = {"m": Fraction(1, 1000), "": 1, "k": 10**3, "M": 10**6, "G": 10**9} | {
        "Ki": 2**10,
        "Mi": 2**20,
        "Gi": 2**30,
        "Ti": 2**40,
        "Pi": 2**50,
        "Ei": 2**60,
        "T": 10**12,
        "P": 10**15,
        "E": 10**18,
    }
    once = canonical(f"{number}{suffix}")
    assert canonical(once) == once
    digits = once.rstrip(string.ascii_letters)
    assert int(digits) * scale[once[len(digits) :]] == number * scale[suffix]


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gi", "1e", "abc", "1.2.3"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    """The API server says so too."""
    with pytest.raises(ValueError, match="quantities must match"):
        canonical(text)


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
