"""A piece of a file is written whole, also where a runtime ends a command's input early."""

import asyncio
from collections.abc import Sequence
from itertools import cycle

import pytest

from heddle.backup.restoring import volumes
from heddle.backup.restoring.ledgers import Chunk
from heddle.backup.restoring.volumes import NodeVolume
from heddle.errors import KubeError, Unreachable
from heddle.kube.execute import Ended
from tests.kube.test_hostile_forward import server_at
from tests.virtualclock import VirtualClock

CHUNK = Chunk(path="orderer/blockfile_000000", offset=10, content=bytes(range(256)) * 1000)


class Pod:
    """Runs `dd`, of whose input so many bytes arrive each time, in turn."""

    def __init__(self, arriving: Sequence[int], words: str = "{} bytes (1 kB) copied, 0.1 s, 1 MB/s") -> None:
        self.content = bytearray(CHUNK.offset)
        self.sent: list[int] = []
        self._arriving, self._words = cycle(arriving), words

    async def execute(
        self,
        *place: object,
        stdin: bytes,
        deadline: float,
    ) -> Ended:
        command = place[-1]
        assert isinstance(command, list)
        given = dict(word.split("=", 1) for word in command[1:])
        assert given["of"] == f"/var/data/{CHUNK.path}"
        part = stdin[: next(self._arriving)]
        seek = int(given["seek"])
        assert int(given["count"]) == len(stdin)
        self.content[seek : seek + len(part)] = part
        self.sent.append(len(stdin))
        return Ended(output=b"", errors=f"1+1 records out\n{self._words.format(len(part))}\n".encode())


def volume(monkeypatch: pytest.MonkeyPatch, pod: Pod) -> NodeVolume:
    monkeypatch.setattr(volumes, "execute", pod.execute)
    return NodeVolume(
        server=server_at("http://127.0.0.1:1"), namespace="n", node="orderer0", pod="p", root="/var/data"
    )


@pytest.mark.parametrize("arriving", [[1 << 30], [0, 1 << 30], [32768], [0, 5000, 0, 73728], [1]])
async def test_what_did_not_arrive_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, arriving: list[int]
) -> None:
    """From where the last command ended; everything is there at the end."""
    content = CHUNK.content[:3000] if arriving == [1] else CHUNK.content
    pod = Pod(arriving)
    await volume(monkeypatch, pod).write(Chunk(path=CHUNK.path, offset=CHUNK.offset, content=content))
    assert bytes(pod.content[CHUNK.offset :]) == content


async def test_no_more_is_sent_at_once_than_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything arrives, all of it is one command."""
    whole, cut = Pod([1 << 30]), Pod([40_000])
    for pod in (whole, cut):
        await volume(monkeypatch, pod).write(CHUNK)
    assert whole.sent == [len(CHUNK.content)]
    assert cut.sent[0] == len(CHUNK.content)
    assert max(cut.sent[1:]) == 40_000


def test_a_command_that_is_never_answered_is_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is lost without a word takes its own time alone, not that of all attempts."""
    pod, silent = Pod([1 << 30]), iter([True, False])

    async def execute(*place: object, stdin: bytes, deadline: float) -> Ended:
        if next(silent):
            await asyncio.sleep(deadline)
            raise Unreachable("no answer")
        return await pod.execute(*place, stdin=stdin, deadline=deadline)

    written = volume(monkeypatch, pod)
    monkeypatch.setattr(volumes, "execute", execute)
    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        runner.run(written.write(CHUNK))

    assert bytes(pod.content[CHUNK.offset :]) == CHUNK.content


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (Pod([0]), "nothing of what is sent arrives"),
        (Pod([1 << 30], words="done"), "does not say what it copied"),
    ],
)
async def test_a_way_that_does_not_work_is_an_error(
    monkeypatch: pytest.MonkeyPatch, pod: Pod, words: str
) -> None:
    with pytest.raises(KubeError, match=words):
        await volume(monkeypatch, pod).write(CHUNK)
