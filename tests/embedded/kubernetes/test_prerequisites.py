"""What is missing is said, and installing never removes."""

import os

import pytest

from heddle.embedded.kubernetes import prerequisites
from heddle.errors import LocalKubeError

SIMULATED = """\
NOTE: This is only a simulation!
The following packages will be REMOVED:
  containerd.io docker-ce
Remv docker-ce [5:27.0.1-1~debian.12~bookworm]
Remv containerd.io [1.7.18-1]
Inst runc (1.1.5+ds1-1+deb12u1 Debian:12/oldstable [amd64])
Inst containerd (1.6.20~ds1-1+deb12u3 Debian:12/oldstable [amd64])
Conf runc (1.1.5+ds1-1+deb12u1 Debian:12/oldstable [amd64])
"""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A machine as root where only what a test says is missing; records the commands that would run."""
    commands: list[tuple[str, ...]] = []

    def run(*argv: str, seconds: float = 0) -> str:
        commands.append(argv)
        return SIMULATED if "--simulate" in argv else ""

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(prerequisites, "run", run)
    monkeypatch.setattr(prerequisites, "find_program", lambda name: f"/usr/bin/{name}")
    return commands


def test_removals_are_read_from_the_simulation() -> None:
    """Both of apt's words for it; installations are none."""
    assert prerequisites.removals(SIMULATED) == ["docker-ce", "containerd.io"]
    assert prerequisites.removals("Inst runc (1)\nPurg x [1]\n") == ["x"]


def test_docker_keeps_its_containerd(machine: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    """If apt would remove anything, nothing is installed, and the error says what and how to go on."""
    monkeypatch.setattr(prerequisites, "missing", lambda: {"containerd": "containerd"})
    with pytest.raises(LocalKubeError, match=r"would remove docker-ce, containerd\.io") as caught:
        prerequisites.ensure_prerequisites(lambda _: None, needs_go=False)
    assert "make up CONTEXT=" in caught.value.hint
    assert all("--simulate" in argv for argv in machine)


def test_every_problem_is_named_at_once(
    machine: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither root nor Go: one message, not two runs."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(prerequisites, "find_program", lambda name: None if name == "go" else name)
    with pytest.raises(LocalKubeError, match=r"root is needed.*Go 1\.26"):
        prerequisites.ensure_prerequisites(lambda _: None, needs_go=True)
    assert machine == []


def test_without_apt_the_missing_parts_are_listed(
    machine: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Debian's names for them, as a hint for other distributions."""
    monkeypatch.setattr(prerequisites, "missing", lambda: {"CNI plugins": "containernetworking-plugins"})
    monkeypatch.setattr(prerequisites, "find_program", lambda name: None if name == "apt-get" else name)
    with pytest.raises(LocalKubeError, match=r"CNI plugins \(Debian: containernetworking-plugins\)"):
        prerequisites.ensure_prerequisites(lambda _: None, needs_go=False)
