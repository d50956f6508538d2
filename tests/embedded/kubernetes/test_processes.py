"""Which processes are a cluster's."""

import subprocess
import sys
from pathlib import Path

from heddle.embedded.kubernetes.layout import layout_of
from heddle.embedded.kubernetes.processes import Running, end, find_all


def test_a_client_of_its_containerd_is_the_clusters(clusters: Path) -> None:
    """`up` may be killed while its ctr waits for the socket: `down` finds it by the path and ends it."""
    layout, other = layout_of("one"), layout_of("other")
    waiting = [sys.executable, "-c", "print(flush=True); input()", "--address", str(layout.containerd_socket)]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        # The kernel shows no arguments for a moment after the program has begun.
        process.stdout.readline()
        found, strangers = find_all(layout), find_all(other)
        left = end(found, seconds=0)

    assert process.pid in found
    assert process.pid not in strangers
    assert left == set()


def test_a_process_is_known_by_its_program_behind_links(tmp_path: Path) -> None:
    """A cache that lies on another disk is reached by a link; the kernel tells the file's real name."""
    (tmp_path / "cache").symlink_to("/bin")
    with subprocess.Popen(
        [tmp_path / "cache/sleep", "60"]
    ) as process:  # Popen returns when it has become sleep
        found = Running(pid=process.pid, started=0)
        try:
            assert found.runs(tmp_path / "cache/sleep")
            assert not found.runs(Path("/bin/cat"))
        finally:
            process.kill()
    assert not found.runs(Path("/bin/sleep"))
