"""Run a command that ends when its parent does: `(*CHILD, COMMAND, …)`.

The lock of a run goes with its process. A playbook that outlived a killed `heddle` would
act without it; asked politely, Ansible would first end its task.
"""

import ctypes
import os
import signal
import sys
from typing import Final

__all__ = ["CHILD", "main"]

CHILD: Final = (sys.executable, "-P", "-m", "heddle.runbooks.child")
"""What stands before the command. With -P this Heddle is taken, also beside a folder `heddle`."""
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for an end at the parent's death, then become the command."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it was asked for
        sys.exit(1)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - an argv list


if __name__ == "__main__":
    main()
