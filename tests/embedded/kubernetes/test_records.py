"""Records, locks and waits."""

import os
import time

import pytest

from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.processes import Running, running
from heddle.embedded.kubernetes.record import Record, exclusive, read_record, records, write_record
from heddle.embedded.kubernetes.waiting import wait_for
from heddle.errors import LocalKubeError


def test_a_record_comes_back(layout: Layout) -> None:
    """With the same addresses: Services in etcd carry them."""
    record = Record(name="one", network="10.208.16.0/20", programs="k", running=True)
    write_record(layout, record)
    assert read_record(layout) == record
    assert records(layout.folder.parent) == [record]


def test_a_record_of_before_has_the_usual_domain(layout: Layout) -> None:
    """It was written before a cluster could have another one."""
    layout.folder.mkdir()
    layout.record.write_text('{"name": "one", "network": "10.208.16.0/20", "programs": "", "running": false}')
    found = read_record(layout)
    assert found is not None
    assert found.block.dns_domain == "cluster.local"


def test_a_broken_record_says_how_to_start_over(layout: Layout) -> None:
    """Never a traceback."""
    layout.folder.mkdir()
    layout.record.write_text("{")
    with pytest.raises(LocalKubeError) as caught:
        read_record(layout)
    assert "--purge" in caught.value.hint
    assert records(layout.folder.parent) == []


def test_one_cluster_is_changed_by_one_at_a_time(layout: Layout) -> None:
    """The second is told so within seconds."""
    with (
        exclusive(layout.lock, "cluster one"),
        pytest.raises(LocalKubeError, match="another heddle"),
        exclusive(layout.lock, "cluster one"),
    ):
        pass
    with exclusive(layout.lock, "cluster one"):
        pass


def test_the_child_of_a_killed_command_gives_the_lock_back(layout: Layout) -> None:
    """It has the lock from its parent until it becomes the program that it was started for."""
    with exclusive(layout.lock, "cluster one"):
        child = os.fork()
        if child == 0:
            time.sleep(0.5)
            os._exit(0)
    with exclusive(layout.lock, "cluster one"):
        pass
    assert os.waitpid(child, 0)[1] == 0


def test_a_pid_file_of_a_former_process_names_nobody(layout: Layout) -> None:
    """A process id that was given again to another process is not the component."""
    layout.pids.mkdir(parents=True)
    (layout.pids / "etcd").write_text(f"{os.getpid()} 1\n")
    assert running(layout, "etcd") is None
    assert not Running(pid=os.getpid(), started=1).alive()


def test_a_wait_that_fails_shows_the_evidence() -> None:
    """On its deadline, and at once when waiting has become useless."""
    with pytest.raises(LocalKubeError, match=r"etcd: not within 0\.1 s\nlast words"):
        wait_for("etcd", lambda: False, seconds=0.1, evidence=lambda: "last words")
    with pytest.raises(LocalKubeError, match=r"etcd: it has ended\nlast words"):
        wait_for(
            "etcd", lambda: False, seconds=60, evidence=lambda: "last words", broken=lambda: "it has ended"
        )
