"""Chaincode packages are the same bytes everywhere."""

import gzip
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.errors import FabricError
from heddle.fabric.package import _gzip, chaincode_package, package_id


def _files(package: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}  # type: ignore[union-attr]  # files have content


def test_a_package_holds_what_the_ccaas_builder_reads() -> None:
    """Type, label, and a connection with booleans where Fabric parses booleans."""
    outer = _files(chaincode_package("assets_1.0", "assets.fabric:9999", b"PEM"))
    assert list(outer) == ["metadata.json", "code.tar.gz"]
    assert json.loads(outer["metadata.json"]) == {"path": "", "type": "ccaas", "label": "assets_1.0"}
    connection = json.loads(_files(outer["code.tar.gz"])["connection.json"])
    assert connection == {
        "address": "assets.fabric:9999",
        "dial_timeout": "10s",
        "tls_required": True,
        "client_auth_required": False,
        "root_cert": "PEM",
    }


def test_the_bytes_never_change() -> None:
    """A package made today has the id of one made on another machine, or by an earlier Heddle."""
    package = chaincode_package("assets_1.0", "assets.fabric:9999", b"PEM")
    assert package_id("assets_1.0", package) == (
        "assets_1.0:6b36d1731dd68794c58e98f52c1c89ca140de7a1fb6120efbf5c54e41a5bfc47"
    )


INDEX = "META-INF/statedb/couchdb/indexes/owner.json"


def test_metadata_is_where_the_builder_looks_for_it() -> None:
    """Beside connection.json; files in another order are the same package, none the one of before."""
    files = {INDEX: "{}", INDEX.replace("owner", "a"): "[]"}
    plain = chaincode_package("assets_1.0", "assets.fabric:9999", b"PEM")
    package = chaincode_package("assets_1.0", "assets.fabric:9999", b"PEM", files)

    code = _files(_files(package)["code.tar.gz"])
    assert list(code) == ["connection.json", *sorted(files)]
    assert code[INDEX] == b"{}"
    backwards = dict(reversed(files.items()))
    assert chaincode_package("assets_1.0", "assets.fabric:9999", b"PEM", backwards) == package
    assert chaincode_package("assets_1.0", "assets.fabric:9999", b"PEM", {}) == plain != package


@given(st.binary(max_size=200_000))
def test_stored_gzip_is_gzip(content: bytes) -> None:
    """Any gzip reader gets the content back, also across several stored blocks."""
    assert gzip.decompress(_gzip(content)) == content


@pytest.mark.parametrize("label", ["", "_x", "a b", "ä"])
def test_labels_that_peers_refuse_are_refused_here(label: str) -> None:
    """The peer would only say so after the upload."""
    with pytest.raises(FabricError, match="label"):
        chaincode_package(label, "h:1", b"")
