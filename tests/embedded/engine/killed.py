"""One `up` in a process of its own that kills itself at a chosen point.

Usage: killed.py FOLDER POINT. Points are counted before and after everything that leaves a trace:
every change of the world and every write of a checkpoint. Prints how many there were when it gets to the end.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from heddle.embedded.engine.engine import Engine
from heddle.plugin.values import Properties
from heddle.state import backend
from tests.embedded.engine.fake import World

folder, point = Path(sys.argv[1]), int(sys.argv[2])
passed = 0


def here() -> None:
    """Die if this is the point."""
    global passed
    passed += 1
    if passed == point:
        os.kill(os.getpid(), signal.SIGKILL)


class MortalWorld(World):
    def write(self, things: dict[str, Properties]) -> None:
        here()
        super().write(things)
        here()


save = backend.write_durably


def mortal_save(self: backend.Backend, document: str) -> None:
    here()
    save(self.checkpoint, document)
    here()


backend.Backend.save = mortal_save  # type: ignore[method-assign]  # for the rest of the process
world = MortalWorld(folder / "world.json")
engine = Engine(folder, "dev", {"test": world.factory()}, sink=lambda event: None)
outcome = asyncio.run(engine.up())
print(passed, outcome.failed)
