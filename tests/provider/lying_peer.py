"""A stand-in peer that tells another configuration block than its channel has, once the file LIE is there."""

import os
from pathlib import Path
from typing import Any

from fabric_protos.common.common_pb2 import Block

from heddle.embedded.fabric.ledger import newest_config
from heddle.embedded.fabric.peer import __main__ as program
from heddle.embedded.fabric.peer import system


def _newest_config(ledger: Any) -> Block:
    lie = Path(os.environ["LIE"])
    return Block.FromString(lie.read_bytes()) if lie.exists() else newest_config(ledger)


if __name__ == "__main__":
    setattr(system, "newest_config", _newest_config)  # noqa: B010 - the module does not export it
    program.main()
