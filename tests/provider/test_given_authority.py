"""An authority that somebody else has certified: its certificate and key are taken, once, if they fit."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from heddle.errors import ProviderError
from heddle.identity.keys import pem_of
from tests.identity.offline import OfflineRoot
from tests.provider.harness import CheckFailedError, Engine

KIND = "heddle:identity:CertificateAuthority"
ROOT = OfflineRoot()
AUTHORITY = ROOT.authority("OneMSP CA", "one")


def _inputs(folder: Path, **changes: Any) -> dict[str, Any]:
    key = folder / "key.pem"
    key.write_bytes(AUTHORITY.private_key)
    chain = [AUTHORITY.certificate.decode(), ROOT.pem]
    return {"commonName": "OneMSP CA", "organization": "one", "chain": chain, "keyFile": str(key), **changes}


def _remove(inputs: dict[str, Any], instead: bytes | None = None) -> None:
    """Take the key's file away, or put something else in its place."""
    Path(inputs["keyFile"]).unlink()
    if instead is not None:
        Path(inputs["keyFile"]).write_bytes(instead)


async def test_its_key_is_read_once(engine: Engine, tmp_path: Path) -> None:
    """From then on the state has it: another machine, without the file, changes nothing."""
    inputs = _inputs(tmp_path)
    previewed, _ = await engine.preview(KIND, "ca", inputs)
    assert previewed["certificate"] == AUTHORITY.certificate.decode()
    made = await engine.up(KIND, "ca", inputs)
    assert made["privateKey"] == AUTHORITY.private_key.decode()
    _remove(inputs)
    assert await engine.up(KIND, "ca", {**inputs, "keyFile": "/elsewhere"}) == made


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "it cannot be read"),
        (b"nonsense", "a private key cannot be read: expected PEM, PKCS #8, not encrypted"),
        (pem_of(ec.generate_private_key(ec.SECP384R1())), "is not ECDSA on P-256"),
        (ROOT.authority("other", "one").private_key, "the certificate is for another key than that in "),
    ],
)
async def test_a_key_that_does_not_fit_is_refused(
    engine: Engine, tmp_path: Path, content: bytes | None, words: str
) -> None:
    """The preview says so, too, and no message has anything of a key."""
    inputs = _inputs(tmp_path)
    _remove(inputs, content)
    for act in (engine.preview, engine.up):
        with pytest.raises(ProviderError, match=words) as refused:
            await act(KIND, "ca", inputs)
        assert "PRIVATE" not in str(refused.value)


async def test_another_certificate_is_another_generation(engine: Engine, tmp_path: Path) -> None:
    """Also for the same key: what the former one issued began before the new one did."""
    await engine.up(KIND, "ca", _inputs(tmp_path))
    other = [ROOT.authority("OneMSP CA", "one").certificate.decode(), ROOT.pem]
    with pytest.raises(ProviderError, match=r"certificates\.authorities"):
        await engine.diff(KIND, "ca", _inputs(tmp_path, chain=other))
    with pytest.raises(CheckFailedError, match="its issuer is missing"):
        await engine.up(KIND, "second", _inputs(tmp_path, chain=[AUTHORITY.certificate.decode()]))
