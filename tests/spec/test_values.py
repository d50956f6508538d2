"""Values that people write in more than one way."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from heddle.spec.kinds import check_processors, check_quantity
from heddle.spec.names import CHAINCODE, COLLECTION
from heddle.spec.references import check_image, check_registry

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(("value", "expected"), [(2, "2"), (0.5, "0.5"), ("500m", "500m")])
def test_processors_may_be_numbers(value: object, expected: str) -> None:
    """As in Kubernetes' own manifests."""
    assert check_processors(value) == expected


@pytest.mark.parametrize("value", [0, "0m", -1, True, None, "2Gi", "1e3", [], "two"])
def test_what_is_no_number_of_processors_is_refused(value: object) -> None:
    """None, negative, a truth value, bytes."""
    with pytest.raises(PydanticCustomError):
        check_processors(value)


@pytest.mark.parametrize("value", ["0", "0Gi", "10 GB", "10GB", "-1Gi", 10, None, "Gi", "1.2.3"])
def test_what_is_no_quantity_is_refused(value: object) -> None:
    """Also a bare number, which would be bytes."""
    with pytest.raises(PydanticCustomError):
        check_quantity(value)


@pytest.mark.parametrize(
    "image",
    [
        "couchdb",
        "couchdb:3.4.2",
        "library/couchdb",
        f"couchdb@{DIGEST}",
        f"registry.example.com:5000/a/b-c/d_e:v1.0_x@{DIGEST}",
        "localhost/heddle/standin:0.1.0",
        "10.0.0.1:5000/peer",
    ],
)
def test_images_that_a_runtime_takes(image: str) -> None:
    """With or without registry, tag and digest."""
    assert check_image(image) == image


@pytest.mark.parametrize(
    "image",
    [
        "",
        "Couchdb",
        "a//b",
        "/a",
        "a/",
        "a:",
        "a@",
        "a@sha256:0",
        f"a@{DIGEST}0",
        "https://a/b",
        "a b",
        "a\n",
    ],
)
def test_images_that_no_runtime_takes(image: str) -> None:
    """Refused before anything waits for a pull."""
    with pytest.raises(PydanticCustomError):
        check_image(image)


@pytest.mark.parametrize(
    "registry", ["registry.example.com", "registry.example.com:5000/mirror", "10.0.0.1/a/b"]
)
def test_registries(registry: str) -> None:
    """With or without a path."""
    assert check_registry(registry) == registry


@pytest.mark.parametrize("name", ["basic", "Asset", "a", "token_erc20", "my-asset_2", "9lives"])
def test_chaincode_names_that_fabric_takes(name: str) -> None:
    """Upstream's own samples are among them."""
    assert CHAINCODE.allows(name)


@given(st.text(alphabet="aB9-_. ", max_size=12))
def test_chaincode_and_collection_names_are_fabrics(name: str) -> None:
    """The expressions of core/chaincode/lifecycle/scc.go (Fabric 3.1.5), system chaincodes apart."""
    assert CHAINCODE.allows(name) == bool(re.fullmatch(r"[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*", name))
    assert COLLECTION.allows(name) == bool(re.fullmatch(r"[A-Za-z0-9-]+([A-Za-z0-9_-]+)*", name))
