"""`make up` and `make down`: what they run, and what they leave when they are interrupted."""

from pathlib import Path

import pytest

from heddle.cli import quickstart
from heddle.paths import secrets_dir


@pytest.mark.parametrize("is_up", [True, False])
def test_down_wakes_a_cluster_that_is_not_up(monkeypatch: pytest.MonkeyPatch, is_up: bool) -> None:
    """After a reboot there is state but no cluster; destroying without one fails, and `down` with it."""
    ran: list[str] = []
    monkeypatch.setattr(quickstart, "_heddle", lambda *words: ran.append(" ".join(words)))
    monkeypatch.setattr(quickstart, "_has_state", lambda stack: stack == "dev")
    monkeypatch.setattr(quickstart, "_is_up", lambda _: is_up)
    quickstart.down()
    woken = [] if is_up else ["cluster up --name dev"]
    assert ran[:-2] == [*woken, "destroy dev --yes"]


def test_an_interruption_leaves_no_empty_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be taken for one, and the state's secrets be open to everybody."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def interrupted(_: int) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("secrets.token_urlsafe", interrupted)
        with pytest.raises(KeyboardInterrupt):
            quickstart._ensure_passphrase()
    assert not (secrets_dir() / "passphrase").exists()
    quickstart._ensure_passphrase()
    path = secrets_dir() / "passphrase"
    assert len(path.read_text()) > 40
    assert path.stat().st_mode & 0o777 == 0o600
