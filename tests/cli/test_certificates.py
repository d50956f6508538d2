"""`heddle certificates list`: a table that fits a terminal, and everything as JSON."""

import json
import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from heddle.cli import certificates
from heddle.cli.certificates import app
from heddle.network.ends import CertificateEnd, InstanceCertificates
from heddle.network.purposes import OPERATIONS_AUTHORITY, RESTART, TLS, USER

END = CertificateEnd(
    whose="peer0-organization",
    purpose=TLS.name,
    subject="CN=peer0-organization,O=organization",
    serial="3fa1" * 10,
    fingerprint="sha256:" + "9f" * 32,
    not_after="2026-12-10T09:12:33+00:00",
    days=12,
    stops=TLS.stops,
    remedy=TLS.remedy,
    soon=True,
    presented_at=("gRPC 7051", "operations 9443"),
)
ENDED = replace(END, whose="user@organization", purpose=USER.name, stops=USER.stops, days=-1, presented_at=())
LATER = replace(END, whose="orderer0-orderer", days=364, soon=False, differs="not the one", remedy=RESTART)
LAST = replace(
    END,
    whose="dev",
    purpose=OPERATIONS_AUTHORITY.name,
    stops=OPERATIONS_AUTHORITY.stops,
    days=5000,
    soon=False,
    presented_at=(),
)
CERTIFICATES = (ENDED, END, LATER, LAST)
FOUND = InstanceCertificates(
    name="dev", certificates=CERTIFICATES, not_seen=("orderer0-orderer, admin 9443: no answer",)
)


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stack has these certificates."""

    async def ask(*_: object, **__: object) -> InstanceCertificates:
        return FOUND

    monkeypatch.setattr(certificates, "open_network", lambda *_: None)
    monkeypatch.setattr(certificates, "ask_certificates", ask)


def run(*arguments: str, width: int = 80, terminal: bool = False) -> str:
    environment = {"COLUMNS": str(width), **({"FORCE_COLOR": "1"} if terminal else {})}
    result = CliRunner().invoke(app, ["list", "dev", *arguments], env=environment)
    assert result.exit_code == 0, result.output
    return re.sub(r"\x1b\[[\d;]*m", "", result.output)


def test_the_table_fits_eighty_columns() -> None:
    """Whose, what for, when and the beginning of the serial number; names are never cut."""
    table, _, rest = run(terminal=True).partition("\n\n")

    assert all(len(line) <= 80 for line in table.splitlines()), table
    ended, soon = (next(line for line in table.splitlines() if each in line) for each in ("user@", "peer0-"))
    assert ended.startswith("✗ ended")
    assert soon.startswith("12 days")
    assert "3fa13fa1…" in soon
    assert "orderer0-orderer (TLS, 3fa13fa1…): not the one; `heddle up` restarts it" in rest
    assert "not seen: orderer0-orderer, admin 9443: no answer" in rest


def test_what_stops_stands_below_once_for_each_use() -> None:
    """With what to do where one of them ends soon."""
    lines = run(width=130).partition("What stops when it ends\n")[2].splitlines()

    assert [line.split()[0] for line in lines] == ["user", "TLS", "authority"]
    assert f"{TLS.stops} To do: {TLS.remedy}." in lines[1]


def test_json_has_everything() -> None:
    """Of each certificate, the first to end first."""
    data = json.loads(run("--json"))

    assert [each["whose"] for each in data["certificates"]] == [each.whose for each in FOUND.certificates]
    assert data["certificates"][1]["presented_at"] == ["gRPC 7051", "operations 9443"]
    assert data["not_seen"] == list(FOUND.not_seen)


def test_verbose_prints_each_whole() -> None:
    """Nothing of a serial number or fingerprint is left out."""
    text = run("--verbose")

    assert text.count(END.serial) == text.count(END.fingerprint) == 4
    assert text.count(TLS.stops) == 2


def test_what_stops_is_aligned_in_a_pipe() -> None:
    """However long the name of a use is."""
    text = run().partition("What stops when it ends\n")[2]
    places = {
        line.index(each.stops) for line in text.splitlines() for each in CERTIFICATES if each.stops in line
    }

    assert places == {len(f"{OPERATIONS_AUTHORITY.name} ")}
