"""`heddle cluster …` where no cluster is: answers, and nothing changed."""

import io
import json
import os
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from heddle.cli import cluster
from heddle.errors import LocalKubeError


def run(*words: str) -> Result:
    return CliRunner().invoke(cluster.app, list(words))


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_the_status_of_no_cluster_is_absent(clusters: Path, root: None) -> None:
    """For programs as JSON, with an exit code that says it is not ready."""
    result = run("status", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["state"] == "absent"
    assert list(clusters.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "answer"),
    [(("kubeconfig",), "has no kubeconfig yet"), (("logs", "etcd"), "no log of 'etcd'")],
)
def test_what_is_not_there_is_said_with_the_next_step(
    clusters: Path, root: None, words: tuple[str, ...], answer: str
) -> None:
    """An answer, not a traceback."""
    result = run(*words)
    assert isinstance(result.exception, LocalKubeError)
    assert answer in str(result.exception)
    assert result.exception.hint


def test_an_image_needs_a_cluster_that_is_up(clusters: Path, root: None, tmp_path: Path) -> None:
    """And the error says how to bring it up."""
    archive = tmp_path / "i.tar"
    archive.write_bytes(b"")
    result = run("load", str(archive), "--name", "one")
    assert isinstance(result.exception, LocalKubeError)
    assert result.exception.hint == "heddle cluster up --name one"


@pytest.mark.parametrize("domain", ["Corp.example", "192.0.2.1", "a..b", "-a"])
def test_a_domain_that_is_none_is_wrong_usage(clusters: Path, root: None, domain: str) -> None:
    """Before anything is made: certificates and etcd would have it for ever."""
    result = run("up", f"--dns-domain={domain}")
    assert result.exit_code == 2
    assert list(clusters.iterdir()) == []


@pytest.mark.parametrize("words", [("status",), ("down",), ("up",)])
def test_without_root_it_says_so(
    clusters: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Before anything is looked at or made."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = run(*words)
    assert isinstance(result.exception, LocalKubeError)
    assert "root" in str(result.exception)
    assert list(clusters.iterdir()) == []


def test_a_log_gets_a_line_per_step_and_long_ones_say_that_they_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal: beginning, end, and what is going on every quarter of a minute."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    out = io.StringIO()
    steps = cluster.Steps(Console(file=out))
    steps.begin("programs")
    for _ in range(40):
        now[0] += 1
        steps.detail(f"at {now[0]:g}")
    steps.end("programs", 40.0)
    assert out.getvalue().splitlines() == ["… programs", "  at 16", "  at 32", "✓ programs 40.0 s"]
