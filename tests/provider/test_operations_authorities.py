"""Authorities of operations endpoints follow one by one; those of an organization without nodes are free."""

from typing import Any

import pytest

from heddle.errors import ProviderError
from heddle.identity.authority import new_authority
from tests.provider.harness import Engine

KIND = "heddle:identity:AuthorityExchange"


def _inputs(kind: str, issuing: int) -> dict[str, Any]:
    """Return the inputs of an exchange of which nobody is a member."""
    generations = [_generation(number) for number in (issuing - 1, issuing)]
    said = {"organization": "one", "mspId": "OneMSP", "kind": kind}
    return {**said, "generations": generations, "issuing": issuing}


def _generation(number: int) -> dict[str, Any]:
    made = new_authority(common_name=f"CA {number}", organization="one")
    certificate, key = made.certificate.decode(), made.private_key.decode()
    pair = {"certificate": certificate, "privateKey": key}
    return {"generation": number, **pair, "tlsCertificate": certificate, "tlsPrivateKey": key}


async def test_a_number_that_is_left_out_is_refused(engine: Engine) -> None:
    """Also where the first one is there alone; the preview says so, and which number follows."""
    with pytest.raises(ProviderError, match=r"certificates\.operations: 3 does not follow 1"):
        await engine.preview(KIND, "operations", _inputs("operations", 3))
    await engine.up(KIND, "operations", _inputs("operations", 2))
    with pytest.raises(ProviderError, match=r"certificates\.operations: 4 does not follow 2"):
        await engine.up(KIND, "operations", _inputs("operations", 4))


@pytest.mark.parametrize("kind", ["orderer", "peer"])
async def test_an_organization_without_nodes_begins_with_any(engine: Engine, kind: str) -> None:
    """Nobody has a certificate of a former one."""
    made = await engine.up(KIND, "one", _inputs(kind, 3))
    assert made["certificate"]
