"""`heddle certificates csr`: others certify what it writes, and the stack file takes what comes back."""

import stat
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from heddle.cli.certificates import app
from heddle.spec.load import check_instance
from heddle.stackfiles import with_files
from heddle.state.resource import Resource
from heddle.state.stack import open_stack

STACK: dict[str, Any] = {"name": "demo", "organizations": [{"name": "one"}]}
ROOT_KEY = (
    "req -x509 -newkey rsa:2048 -nodes -keyout root-key.pem -out root.pem -days 7300 -subj /CN=offline-root"
)
CERTIFY = (
    "x509 -req -in {0}.csr -CA root.pem -CAkey root-key.pem -days 3650 -copy_extensions copy -out {0}.crt"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one stack, whose cluster is not there, and nothing else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "test")
    (tmp_path / "Pulumi.yaml").write_text("name: fabric\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.demo.yaml").write_text(yaml.safe_dump({"config": {"fabric:instance": STACK}}))
    return tmp_path


def _csr(*more: str) -> Any:
    return CliRunner().invoke(app, ["csr", "demo", "--org", "one", "--out", "pki", *more])


def test_openssl_certifies_requests_and_the_stack_file_takes_them(project: Path) -> None:
    """By the commands of the page, with the part of the stack file that the command prints."""
    done = _csr()
    assert done.exit_code == 0, done.output
    keys = [project / "pki/one-ca-key.pem", project / "pki/one-tlsca-key.pem"]
    assert [stat.S_IMODE(key.stat().st_mode) for key in keys] == [0o600, 0o600]
    assert "PRIVATE" not in done.output
    commands = [ROOT_KEY, *(CERTIFY.format(f"one-{kind}") for kind in ("ca", "tlsca"))]
    for command in commands:
        subprocess.run(["openssl", *command.split()], cwd=project / "pki", check=True, capture_output=True)
    for kind in ("ca", "tlsca"):
        chain = [(project / f"pki/{name}").read_text() for name in (f"one-{kind}.crt", "root.pem")]
        (project / f"pki/one-{kind}.pem").write_text("".join(chain))

    section = yaml.safe_load(done.output.partition("stack file:\n")[2])
    instance, problems = check_instance(with_files({**STACK, **section}))

    assert problems == []
    assert instance is not None
    given = instance.certificates.authorities["one"].given_to(1)
    assert given.ca is not None
    assert given.ca.key == str(keys[0])
    assert [each.count("BEGIN CERTIFICATE") for each in given.ca.chain] == [1, 1]


def test_no_key_is_written_over(project: Path) -> None:
    """The request may be with those who certify it."""
    _csr()
    before = (project / "pki/one-ca-key.pem").read_bytes()
    again = _csr()
    assert again.exit_code != 0
    assert "there already: one-ca.csr, one-ca-key.pem" in str(again.exception)
    assert (project / "pki/one-ca-key.pem").read_bytes() == before
    assert _csr("--generation", "2").exit_code == 0
    assert (project / "pki/one-ca-2-key.pem").exists()


def test_an_organization_that_is_not_here_is_named(project: Path) -> None:
    done = CliRunner().invoke(app, ["csr", "demo", "--org", "two", "--out", str(project / "pki")])
    assert "no organization 'two' has its authorities here" in str(done.exception)
    assert not (project / "pki").exists()


def test_a_generation_that_is_made_is_refused_with_the_next_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anybody certifies what could never be used."""
    made = [
        Resource(
            urn=name, type="heddle:identity:CertificateAuthority", custom=True, inputs={"commonName": name}
        )
        for name in ("OneDemoMSP CA 2", "OneDemoMSP TLS CA 2", "TwoDemoMSP CA 7", "operations CA")
    ]
    monkeypatch.setattr(
        "heddle.cli.certificates.open_stack",
        lambda *given: replace(open_stack(*given), resources=dict.fromkeys(made, "")),
    )

    for generation in ("1", "2"):
        done = _csr("--generation", generation)
        assert "one: generation 2 of its authorities is made already" in str(done.exception)
        assert "Use `--generation 3`" in str(done.exception)
    assert not (project / "pki").exists()
    assert _csr("--generation", "3").exit_code == 0
