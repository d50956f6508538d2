"""Somebody clones the project and runs what README and docs/operations say, command by command.

With a home, a state, a cache and clusters of their own. What is run is data: tests/cases/newcomer. It costs
minutes: only with HEDDLE_REQUIRE=clusters.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from heddle.paths import cache_dir
from tests import programs
from tests.commands import ROOT, Trial, trials
from tests.e2e.project import Result, fabric_release
from tests.shipped import clone, git

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]


@dataclass(kw_only=True)
class Newcomer:
    """A person in a clone; `stack` is what `make up` chose."""

    clone: Path
    environment: dict[str, str]
    stack: str = "dev"

    def run(self, command: str) -> Result:
        """Run a command as a shell does."""
        kubeconfig = Path(self.environment["HEDDLE_CLUSTERS"]) / self.stack / "kubeconfig"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", re.sub(r"\bSTACK\b", self.stack, command)],
            cwd=self.clone,
            env=self.environment | {"KUBECONFIG": str(kubeconfig)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        return Result(code=done.returncode, output=done.stdout)


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """A clone of what is staged here; programs that were built before, and the Python packages, are lent."""
    programs.need_asking(programs.CLUSTERS)
    folder = tmp_path_factory.mktemp("newcomer")
    checkout = clone(folder / "heddle")
    _lend_environment(checkout)
    cache = folder / "cache/heddle"
    cache.mkdir(parents=True)
    (cache_dir() / "programs").mkdir(parents=True, exist_ok=True)
    (cache / "programs").symlink_to(cache_dir() / "programs")
    (folder / "home").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "XDG_"))}
    with tempfile.TemporaryDirectory(prefix="hn-") as clusters:  # short: a socket's path has 107 bytes
        environment = kept | {
            "HOME": str(folder / "home"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "HEDDLE_CLUSTERS": clusters,
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": f"{checkout}/.venv/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(checkout),
            "RELEASE": str(fabric_release() or ""),
            "COLUMNS": "130",
        }
        (folder / "state").mkdir()
        made = Newcomer(clone=checkout, environment=environment)
        try:
            yield made
        finally:
            left = made.run("make down")
            assert left.code == 0, left.output


def _lend_environment(checkout: Path) -> None:
    """Let `make` find an environment that is ready; making one anew takes minutes."""
    (checkout / ".venv").symlink_to(sys.prefix)
    ready = Path(sys.prefix) / "bin/.ready"
    before = ready.stat().st_mtime - 1 if ready.exists() else 0
    for pins in ("requirements.lock", "pyproject.toml"):
        os.utime(checkout / pins, (before, before))


@pytest.mark.parametrize(
    "trial", [each for each in trials() if not (each.by or each.because)], ids=lambda trial: trial.name
)
def test_it_does_what_it_says(newcomer: Newcomer, trial: Trial) -> None:
    """It ends well, says what is expected, and git sees no change in the clone."""
    programs.need(*trial.needs)
    state = newcomer.environment["PULUMI_BACKEND_URL"]
    command = (trial.run or "\n".join(trial.commands)).replace("file://~", state)

    done = newcomer.run(command)

    assert done.code == 0, f"{command}\n{done.output}"
    assert re.search(trial.expect, done.output), f"{command}\n{done.output}"
    if chosen := re.search(r"^Stack (\w+): ", done.output, re.MULTILINE):
        newcomer.stack = chosen[1]
    assert git(newcomer.clone, "status", "--porcelain") == ""


def test_the_clone_is_what_ran(newcomer: Newcomer) -> None:
    """Not the working copy that lends its packages."""
    asked = newcomer.run("python -c 'import heddle; print(heddle.__file__)'")
    assert asked.output.startswith(str(newcomer.clone)), asked.output
    assert not asked.output.startswith(str(ROOT))
