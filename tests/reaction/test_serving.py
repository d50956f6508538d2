"""The address that Alertmanager posts to: what it takes and refuses, and the notices that come of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest

from heddle.errors import RunbookError
from heddle.reaction import delivery
from heddle.reaction.reactor import Notice
from heddle.reaction.serving import PATH, serve
from heddle.reaction.webhook import LARGEST, Alert

CASES = Path(__file__).parents[1] / "cases/alertmanager"
FIRING = (CASES / "firing.json").read_bytes()
TOKEN = "of Alertmanager"
ALERT = Alert(name="NodeDoesNotAnswer", fingerprint="29cf5f63", started="2026-11-30T06:59:58Z", firing=True)
NOTICE = Notice(alert=ALERT, stack="dev")


@contextmanager
def served(token: str = "") -> Iterator[tuple[str, list[Alert]]]:
    """Yield the address of a server, and the alarms that it takes."""
    taken: list[Alert] = []

    def take(alerts: "tuple[Alert, ...]") -> int:
        taken.extend(alerts)
        return len(alerts)

    server = serve("127.0.0.1", 0, token, take)  # type: ignore[arg-type] # it hands over a tuple
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PATH}", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_recorded_message_is_taken() -> None:
    """Once its bearer has the token."""
    with served(TOKEN) as (address, taken):
        stranger = httpx.post(address, content=FIRING)
        known = httpx.post(address, content=FIRING, headers={"Authorization": f"Bearer {TOKEN}"})

    assert (stranger.status_code, known.status_code) == (401, 200)
    assert known.text == "1 taken\n"
    assert [each.name for each in taken] == ["NodeDoesNotAnswer"]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{}", 400), (b"no JSON", 400), (b" " * (LARGEST + 1), 413)],
    ids=["empty", "text", "large"],
)
def test_another_message_is_refused(content: bytes, status: int) -> None:
    """Nothing of it is taken."""
    with served() as (address, taken):
        answer = httpx.post(address, content=content)

    assert (answer.status_code, taken) == (status, [])


def test_another_path_is_refused() -> None:
    """The answer says which one there is."""
    with served() as (address, _):
        answer = httpx.post(f"{address}/more", content=FIRING)

    assert (answer.status_code, answer.text) == (404, f"POST {PATH}\n")


def test_a_notice_is_a_file_of_its_own(tmp_path: Path) -> None:
    """Named by time, alarm and fingerprint, without signs that a folder could take for more."""
    alert = Alert(name="../Up", fingerprint="f/1", started="2026-11-30T06:59:58Z", firing=True)

    path = delivery.write(Notice(alert=alert, stack="dev"), tmp_path / "notices")

    assert path == tmp_path / "notices/20261130T065958Z-Up-f1.json"
    assert json.loads(path.read_text())["alarm"] == "../Up"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "notices").touch()

    with pytest.raises(RunbookError, match="notices"):
        delivery.write(NOTICE, tmp_path / "notices")


async def test_a_notice_is_posted_with_its_token() -> None:
    """An address that refuses it is told of with its status."""
    with served(TOKEN) as (address, _):
        # A notice is no message of Alertmanager: with the token it is read, and refused for that.
        with pytest.raises(RunbookError, match="HTTP 400"):
            await delivery.post(NOTICE, address, TOKEN)
        with pytest.raises(RunbookError, match="HTTP 401"):
            await delivery.post(NOTICE, address, "another")


async def test_an_address_that_does_not_answer_is_told() -> None:
    """By its name."""
    with served() as (address, _):
        pass
    with pytest.raises(RunbookError, match=r"127\.0\.0\.1"):
        await delivery.post(NOTICE, address)
