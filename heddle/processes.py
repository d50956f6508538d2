"""Tell whether a process of this machine runs, and the names of users, whose number may have none."""

import getpass
import os
import pwd
from pathlib import Path

__all__ = ["is_running", "name_of_user", "user_name"]

_PROC = Path("/proc")


def is_running(pid: int) -> bool:
    """Tell whether a process runs; where nobody can tell, it does.

    Linux shows a process that has ended and only waits to be collected: it does not run. Systems without
    /proc (macOS) show such a process as any other. On others than POSIX a signal 0 would be a real one.
    """
    if (_PROC / "self" / "stat").exists():
        return _runs_by_proc(pid)
    return os.name != "posix" or _runs_by_signal(pid)


def user_name() -> str:
    """Return who runs this process: by $LOGNAME, $USER and their like, else as `name_of_user`."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the second from Python 3.13 on
        return name_of_user(os.getuid())


def name_of_user(number: int) -> str:
    """Return the name of a user; the number itself where no list has it, as in many containers."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _runs_by_proc(pid: int) -> bool:
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except PermissionError:
        return _runs_by_signal(pid)
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def _runs_by_signal(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it runs, as somebody else
        return True
    return True
