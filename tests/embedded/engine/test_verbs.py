"""`heddle up|preview|refresh|destroy|output`: exit codes and consent."""

import json

import pytest
from typer.testing import CliRunner, Result

from heddle.cli import run
from heddle.cli.app import app
from heddle.cli.consent import USAGE
from tests.embedded.engine.conftest import Lab


@pytest.fixture
def heddle(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> "Heddle":
    monkeypatch.setattr(run, "_PROVIDERS", {"test": lab.world.factory()})
    return Heddle(lab)


class Heddle:
    """The command line on the lab's project."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "-C", str(self._lab.folder)])


def test_a_life_by_verbs(lab: Lab, heddle: Heddle) -> None:
    """preview, up, output, refresh, destroy: what each prints, and 0 for success."""
    lab.program(
        'a = Thing("a", {"value": "1"})\npulumi.export("made", a.made)\n'
        'pulumi.export("pin", pulumi.Output.secret({"n": 1}))'
    )
    result = heddle("preview", "dev")
    assert result.exit_code == 0
    assert "+ 2 to create" in result.output
    result = heddle("up", "dev", "--yes")
    assert result.exit_code == 0
    assert result.output.index("Previewing update (dev):") < result.output.index("Updating (dev):")
    assert heddle("output", "dev", "made").output == "made of 1\n"
    assert json.loads(heddle("output", "dev", "--json").output) == {"made": "made of 1", "pin": "[secret]"}
    shown = json.loads(heddle("output", "dev", "--json", "--show-secrets").output)
    assert shown["pin"] == {"n": 1}
    assert heddle("refresh", "dev", "-f").exit_code == 0
    result = heddle("destroy", "dev", "-y")
    assert result.exit_code == 0
    assert "- 2 deleted" in result.output


def test_no_consent_no_action(lab: Lab, heddle: Heddle) -> None:
    """Without a terminal, acting wants --yes or --skip-preview: exit code 2, and nothing happens."""
    lab.program('Thing("a")')
    result = heddle("up", "dev")
    assert result.exit_code == USAGE
    assert "--yes or --skip-preview" in result.output
    assert lab.world.read() == {}


def test_expected_no_changes(lab: Lab, heddle: Heddle) -> None:
    """--expect-no-changes is exit code 7 when something changed, 0 when nothing did."""
    lab.program('Thing("a")')
    assert heddle("preview", "dev", "--expect-no-changes").exit_code == run.CHANGES
    assert heddle("up", "dev", "-f", "--expect-no-changes").exit_code == run.CHANGES
    assert heddle("up", "dev", "-f", "--expect-no-changes").exit_code == 0


def test_failure_is_exit_code_one(lab: Lab, heddle: Heddle) -> None:
    """A failing preview stops an up before it acts."""
    lab.program('Thing("a", {"fail": "check"})')
    result = heddle("up", "dev", "-y")
    assert result.exit_code == run.FAILED
    assert "Updating" not in result.output


def test_a_preview_for_programs(lab: Lab, heddle: Heddle) -> None:
    """--json prints one JSON document on standard output, secrets and unknowns as words."""
    lab.program('a = Thing("a")\npulumi.export("id", a.id)\npulumi.export("pin", pulumi.Output.secret("x"))')
    result = heddle("preview", "dev", "--json")
    document = json.loads(result.stdout)
    assert document["changeSummary"] == {"create": 2}
    assert document["outputs"] == {"id": "[unknown]", "pin": "[secret]"}


def test_details_on_request(lab: Lab, heddle: Heddle) -> None:
    """--diff shows every changed resource with its changed inputs, secrets as words."""
    program = 'Thing("a", {{"value": "{0}", "same": 1, "pin": pulumi.Output.secret("{0}")}})'
    lab.program(program.format("1"))
    assert heddle("up", "dev", "-f").exit_code == 0
    lab.program(program.format("2"))
    lines = heddle("preview", "dev", "--diff").output.splitlines()
    start = lines.index("    ~ test:index:Thing: (update)")
    assert lines[start + 1 : start + 5] == [
        "        [id=a]",
        "        [urn=urn:pulumi:dev::lab::test:index:Thing::a]",
        "      ~ pin  : [secret] => [secret]",
        '      ~ value: "1" => "2"',
    ]
