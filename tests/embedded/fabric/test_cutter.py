"""Cutting blocks."""

from fabric_protos.common import common_pb2
from hypothesis import given
from hypothesis import strategies as st

from heddle.embedded.fabric.orderer.cutter import Cutter, message_size
from heddle.settings import BatchSettings


@given(sizes=st.lists(st.integers(1, 40), max_size=60), count=st.integers(1, 8), preferred=st.integers(1, 60))
def test_every_message_once_and_in_order(sizes: list[int], count: int, preferred: int) -> None:
    """No limit is passed, except by a single message that is larger than the preferred size."""
    limits = BatchSettings(max_message_count=count, preferred_max_bytes=preferred)
    messages = [
        common_pb2.Envelope(payload=bytes([number % 256]) * size) for number, size in enumerate(sizes)
    ]
    cutter = Cutter()
    batches = [batch for message in messages for batch in cutter.add(message, limits)]
    if cutter.waiting:
        batches.append(cutter.cut())
    assert [message for batch in batches for message in batch] == messages
    for batch in batches:
        assert 1 <= len(batch) <= count
        assert len(batch) == 1 or sum(map(message_size, batch)) <= preferred
    assert not cutter.waiting
