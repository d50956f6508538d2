"""Tests depend on nothing that a user changes, and the README changes nothing that git knows."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.project import Project
from tests.programs import needs
from tests.shipped import ROOT, clone, git, shipped_names, shipped_text

SALT = "encryptionsalt: v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A working copy of its own; what is staged here is committed there."""
    return clone(tmp_path / "checkout")


def test_a_users_stack_files_are_not_under_test(checkout: Path) -> None:
    """The CLI's line, other settings and files of one's own change no test."""
    dev = checkout / "stacks/Pulumi.dev.yaml"
    before = dev.read_text()
    dev.write_text(SALT + before.replace("nodes: 3", "nodes: 1"))
    (checkout / "stacks/Pulumi.mine.yaml").write_text("config: {}\n")

    assert shipped_text("dev", checkout) == before
    assert "mine" not in shipped_names(checkout)


def test_an_archive_without_git_has_its_files(tmp_path: Path) -> None:
    """There is nothing else to read."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.x.yaml").write_text("config: {}\n")

    assert shipped_names(tmp_path) == ("x",)
    assert shipped_text("x", tmp_path) == "config: {}\n"


def test_end_to_end_begins_with_the_file_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in the working copy: another passphrase's salt would stop every run."""
    monkeypatch.setattr("tests.e2e.project.shipped_text", lambda name: f"of {name}")

    project = Project.copy(tmp_path / "p", stack="s", base="dev")

    assert project.stack_file.read_text() == "of dev"


def test_no_test_reads_a_stack_file_of_the_working_copy() -> None:
    """`tests.shipped` is the one place that does."""
    reading = re.compile(r"""(ROOT|STACKS|parent)[^\n]*(/ f?["']|["'])(stacks/)?Pulumi\.(?!yaml)""")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("*.py")
        if path.name not in {"shipped.py", "test_shipped.py"} and reading.search(path.read_text())
    ]
    assert found == []


@needs("pulumi")
def test_the_readmes_pulumi_section_leaves_the_checkout_clean(checkout: Path, tmp_path: Path) -> None:
    """The CLI writes its line into the copy that the commands name. The preview itself wants a cluster."""
    home = tmp_path / "home"
    (home / ".config/heddle").mkdir(parents=True)
    (home / ".config/heddle/passphrase").write_text("a passphrase")
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    section = (checkout / "README.md").read_text().split("## With Pulumi's CLI")[1]
    # The CLI takes the user's home of `file://~` from the system, not from HOME.
    commands = section.split("```sh\n")[1].split("```")[0].replace("file://~", f"file://{home}")
    environment = {**os.environ, "HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    state = home / ".pulumi/stacks/fabric/dev.json"  # as `make up` leaves one, but without resources
    state.parent.mkdir(parents=True)
    (home / ".pulumi/meta.yaml").write_text("version: 1\n")
    state.write_text('{"version": 3, "checkpoint": {"stack": "organization/fabric/dev", "latest": null}}')

    shell = shutil.which("bash") or "sh"
    subprocess.run([shell, "-c", commands], cwd=checkout, env=environment, check=False, timeout=240)

    assert git(checkout, "status", "--porcelain", "--", ".", ":!.venv") == ""
    assert "encryptionsalt" in (home / ".config/heddle/Pulumi.dev.yaml").read_text()
