"""Cut messages into batches, each of which becomes a block.

Source: orderer/common/blockcutter/blockcutter.go (Fabric 3.1.5).
"""

from fabric_protos.common import common_pb2

from heddle.settings import BatchSettings

__all__ = ["Cutter", "message_size"]

Batch = list[common_pb2.Envelope]


def message_size(message: common_pb2.Envelope) -> int:
    """Return the bytes that Fabric counts against its limits: payload and signature."""
    return len(message.payload) + len(message.signature)


class Cutter:
    """Collects messages into batches; one batch becomes one block."""

    def __init__(self) -> None:
        self._pending: Batch = []
        self._bytes = 0

    @property
    def waiting(self) -> bool:
        """Tell whether messages wait for the batch timeout."""
        return bool(self._pending)

    def add(self, message: common_pb2.Envelope, limits: BatchSettings) -> list[Batch]:
        """Take a message; return the batches that are now complete, at most two."""
        size = message_size(message)
        batches: list[Batch] = []
        if self._pending and self._bytes + size > limits.preferred_max_bytes:
            batches.append(self.cut())
        if size > limits.preferred_max_bytes:
            return [*batches, [message]]
        self._pending.append(message)
        self._bytes += size
        if len(self._pending) >= limits.max_message_count:
            batches.append(self.cut())
        return batches

    def cut(self) -> Batch:
        """Return the pending messages as a batch; empty if none are pending."""
        batch, self._pending, self._bytes = self._pending, [], 0
        return batch
