"""`make up` and `make down`: what they run, and what they leave when they are interrupted."""

from pathlib import Path

import pytest

from heddle.cli import quickstart
from heddle.images.sources import Availability
from heddle.paths import secrets_dir
from heddle.quickstart import ensure_passphrase, images_to_build, local_stack
from heddle.versions import SAMPLE_CHAINCODE_IMAGE


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
            ensure_passphrase()
    assert not (secrets_dir() / "passphrase").exists()
    ensure_passphrase()
    path = secrets_dir() / "passphrase"
    assert len(path.read_text()) > 40
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("deployed", "available", "stack"),
    [([], True, "dev"), ([], False, "offline"), (["offline"], True, "offline"), (["dev"], False, "dev")],
)
def test_a_stack_that_is_up_stays_and_else_the_images_decide(
    deployed: list[str], available: bool, stack: str
) -> None:
    """Real nodes wherever their images can be had; the reason is that of the choice."""
    choice = local_stack(deployed, lambda: Availability(available=available, reason="the reason"))

    assert choice.stack == stack
    assert ("the reason" in choice.why) is not bool(deployed)


def test_only_what_no_registry_has_is_built() -> None:
    """Images that the cluster has are not built again; stand-ins only for the stack that runs on them."""
    assert images_to_build("dev", ()) == ("sample-chaincode",)
    assert images_to_build("offline", ()) == ("sample-chaincode", "standin")
    assert images_to_build("offline", {SAMPLE_CHAINCODE_IMAGE}) == ("standin",)
