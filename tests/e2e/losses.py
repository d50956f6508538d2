"""An instance that loses everything, and what is asked of it before and after."""

import json
import shutil
import time
from dataclasses import dataclass
from typing import Any

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import block_hash
from tests.e2e.kube import Kube
from tests.e2e.project import Project

__all__ = ["Instance"]

BOUND = 240.0
"""Seconds for new peers to take all blocks, on a machine however busy."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """The instance of a stack in its namespace, with the sample chaincode on one channel."""

    stack: Project
    kube: Kube
    namespace: str

    def assets(self, verb: str, *arguments: str) -> str:
        """Ask the sample chaincode, or submit to it."""
        return self.stack.ok("heddle", "chaincode", verb, self.stack.stack, "--name", "assets", *arguments)

    def query_once_it_runs(self, *arguments: str) -> str:
        """Ask the sample chaincode until its peers have caught up, and know that it is installed."""
        end, asked = time.monotonic() + BOUND, ("heddle", "chaincode", "query", self.stack.stack)
        while (result := self.stack.run(*asked, "--name", "assets", *arguments)).code:
            assert time.monotonic() < end, result.output
        return result.output

    def newest_backup(self) -> dict[str, Any]:
        """Return what `backup list` has of the newest backup."""
        found: dict[str, Any] = self.stack.json("heddle", "backup", "list", self.stack.stack, "--json")[-1]
        return found

    def heights(self) -> dict[str, int]:
        """Return how many blocks each node has, by its name."""
        shown = self.stack.json("heddle", "channel", "show", self.stack.stack, "channel", "--json")
        return {each["node"]: each["height"] for each in shown["nodes"]}

    def hash_of(self, number: int) -> str:
        """Return the hash of a block of the living channel."""
        path = self.stack.folder / "block"
        asked = ("channel", "block", self.stack.stack, "channel", "--block", str(number), "--out", str(path))
        self.stack.ok("heddle", *asked)
        return block_hash(Block.FromString(path.read_bytes()).header).hex()

    def settings(self) -> str:
        """Return the channel's settings, as JSON."""
        shown = self.stack.json("heddle", "channel", "show", self.stack.stack, "channel", "--json")
        return json.dumps(shown["settings"])

    def lose_everything(self) -> None:
        """Delete the namespace with its volumes, the state, and the stack file."""
        self.kube.core.delete_namespace(self.namespace)
        self.kube.wait_until_gone(self.namespace)
        shutil.rmtree(self.stack.folder / "state")
        (self.stack.folder / "state").mkdir()
        self.stack.stack_file.unlink()

    def destroy(self) -> None:
        """Take the instance away, also where its state was lost in between."""
        if self.stack.run("heddle", "destroy", self.stack.stack, "--yes").code:
            self.kube.core.delete_namespace(self.namespace)
