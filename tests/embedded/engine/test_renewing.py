"""A certificate that ends soon is renewed by the next `up`, in the engine here and in Pulumi's CLI alike."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heddle.embedded.engine.engine import Engine
from heddle.embedded.engine.events import Op
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.expiry import not_after
from heddle.provider import create_provider
from tests.embedded.engine.conftest import HOUSE, Lab, pulumi
from tests.programs import needs

PROGRAM = f"""
import sys
sys.path.insert(0, {str(HOUSE)!r})
import pulumi
from heddle.resources import Certificate, CertificateArgs, CertificateAuthority, CertificateAuthorityArgs

root = CertificateAuthority("root", CertificateAuthorityArgs(common_name="ca", organization="o"))
peer = Certificate("peer", CertificateArgs(
    authority_certificate=root.certificate,
    authority_private_key=root.private_key,
    common_name="peer0",
    usage="tls",
    renew_before={{window}},
))
pulumi.export("certificate", peer.certificate)
"""


@pytest.fixture
def shared(lab: Lab) -> Lab:
    """The lab's project with Heddle's own provider, for the engine here and as a plugin of the CLI."""
    lab.share(
        "heddle",
        """
        from heddle.provider import create_provider
        serve(create_provider, version='0.0.1')
        """,
    )
    return lab


def engine(lab: Lab, program: str) -> Engine:
    lab.events.clear()
    (lab.folder / "__main__.py").write_text(program)
    return Engine(lab.folder, "dev", {"heddle": create_provider}, sink=lab.events.append)


def state(lab: Lab) -> tuple[Any, Any]:
    """The checkpoint, and the certificate's outputs in it."""
    checkpoint = json.loads(lab.checkpoint.read_text())
    resources = checkpoint["checkpoint"]["latest"]["resources"]
    (found,) = (each for each in resources if each["type"].endswith(":Certificate"))
    return checkpoint, found["outputs"]


def certificate(lab: Lab) -> str:
    return str(state(lab)[1]["certificate"])


def let_time_pass(lab: Lab, left: timedelta) -> None:
    """Put a certificate in the state that ends so soon, as if the one there were as old."""
    authority = new_authority(common_name="ca", organization="o")
    request = CertificateRequest(common_name="peer0", usage=Usage.TLS, validity_days=1)
    old = issue(authority, request, now=datetime.now(UTC) + left - timedelta(days=1))
    checkpoint, outputs = state(lab)
    outputs["certificate"] = old.certificate.decode()
    lab.checkpoint.write_text(json.dumps(checkpoint))


async def test_what_is_due_is_renewed_and_a_second_run_changes_nothing(shared: Lab) -> None:
    """The option alone changes nothing; the preview says what `up` then does."""
    assert not (await engine(shared, PROGRAM.format(window=None)).up()).failed, shared.messages()
    first = certificate(shared)
    due = PROGRAM.format(window='"30d"')
    assert (await engine(shared, due).up()).changes == 0
    assert certificate(shared) == first

    let_time_pass(shared, timedelta(minutes=5))
    assert (await engine(shared, PROGRAM.format(window=None)).preview()).changes == 0
    assert (await engine(shared, due).preview()).counts[Op.UPDATE] == 1
    said = [each for each in shared.messages() if each.startswith("a new certificate for the same key: ")]
    assert len(said) == 1, shared.messages()
    assert (await engine(shared, due).up()).counts[Op.UPDATE] == 1, shared.messages()
    assert not_after(certificate(shared).encode()) > datetime.now(UTC) + timedelta(days=364)
    assert (await engine(shared, due).up()).changes == 0


@pytest.mark.real
@needs("pulumi")
async def test_the_cli_renews_as_we_do(shared: Lab) -> None:
    """Due here is due there; renewed there, nothing is left to do here, and the other way round."""
    due = PROGRAM.format(window='"30d"')
    assert not (await engine(shared, due).up()).failed, shared.messages()
    assert pulumi(shared, "preview", "--expect-no-changes").returncode == 0

    let_time_pass(shared, timedelta(minutes=5))
    result = pulumi(shared, "preview", "--diff")
    assert "~ 1 to update" in result.stdout, result.stdout + result.stderr
    assert "renewBefore" in result.stdout
    assert "the one in use ends in less than a day, on " in result.stdout + result.stderr
    result = pulumi(shared, "up", "--yes", "--skip-preview")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (await engine(shared, due).up()).changes == 0

    let_time_pass(shared, timedelta(minutes=-5))
    assert (await engine(shared, due).up()).counts[Op.UPDATE] == 1, shared.messages()
    assert pulumi(shared, "preview", "--expect-no-changes").returncode == 0
