"""Packages of chaincode with metadata: what may change under one label."""

from typing import Any

import pytest

from heddle.identity.authority import new_authority
from tests.provider.harness import CheckFailedError, Engine
from tests.provider.tokens import PACKAGE

OWNER = "META-INF/statedb/couchdb/indexes/owner.json"
VALUE = OWNER.replace("owner", "value")
INPUTS: dict[str, Any] = {
    "label": "assets_1.0",
    "address": "assets.fabric:9999",
    "tlsRootCertificate": new_authority(common_name="ca", organization="one").certificate.decode(),
}


@pytest.fixture
def engine() -> Engine:
    return Engine()


async def test_an_index_is_part_of_the_package(engine: Engine) -> None:
    """Another index is another id; the next `up` of the same changes nothing."""
    plain = await engine.up(PACKAGE, "plain", INPUTS)
    indexed = await engine.up(PACKAGE, "indexed", {**INPUTS, "metadata": {OWNER: "{}"}})

    assert plain["packageId"] != indexed["packageId"]
    assert not (await engine.diff(PACKAGE, "indexed", {**INPUTS, "metadata": {OWNER: "{}"}})).changes


@pytest.mark.parametrize(
    "metadata", [None, {OWNER: '{"index": {}}'}, {VALUE: "{}"}, {OWNER: "{}", VALUE: "{}"}]
)
async def test_another_index_wants_another_label(engine: Engine, metadata: dict[str, str] | None) -> None:
    """Peers would lose the server of the package that they still run; the refusal names the files."""
    await engine.up(PACKAGE, "package", {**INPUTS, "metadata": {OWNER: "{}"}})
    changed = {**INPUTS, **({"metadata": metadata} if metadata else {})}

    with pytest.raises(CheckFailedError, match=r"metadata: changed under the label assets_1\.0: ") as refused:
        await engine.diff(PACKAGE, "package", changed)
    assert (OWNER in str(refused.value)) is (metadata is None or metadata.get(OWNER) != "{}")
    assert "Raise `version`" in str(refused.value)
    assert (await engine.diff(PACKAGE, "package", {**changed, "label": "assets_1.1"})).changes


async def test_a_package_without_metadata_may_change_its_address_as_before(engine: Engine) -> None:
    """States of before have none in their inputs."""
    await engine.up(PACKAGE, "package", INPUTS)

    assert (await engine.diff(PACKAGE, "package", {**INPUTS, "address": "other:1"})).changes


async def test_a_package_keeps_its_tls_root(engine: Engine) -> None:
    """Its id is on the ledger; the server's certificate leads to the old root, too, by a bridge."""
    before = await engine.up(PACKAGE, "package", INPUTS)
    root = new_authority(common_name="ca 2", organization="one").certificate.decode()
    after = await engine.up(PACKAGE, "package", {**INPUTS, "tlsRootCertificate": root})
    await engine.read(PACKAGE, "package")

    assert after["packageId"] == before["packageId"]
    assert engine.outputs["package"]["packageId"] == before["packageId"]
    assert await engine.up(PACKAGE, "next", {**INPUTS, "label": "assets_1.1", "tlsRootCertificate": root})
