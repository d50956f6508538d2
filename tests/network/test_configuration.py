"""Which of several refusals is told when no orderer hands out the configuration."""

from fabric_protos.common import common_pb2

from heddle.errors import Refused, Unreachable
from heddle.network.configuration import most_telling


def test_an_orderer_without_the_channel_does_not_speak_for_the_silent_ones() -> None:
    """A refresh warns and keeps the state, as where nobody answers."""
    stranger = Refused("orderer2: NOT_FOUND", status=common_pb2.NOT_FOUND)
    forbidden = Refused("orderer1: FORBIDDEN", status=common_pb2.FORBIDDEN)
    silent = Unreachable("orderer0: no answer")
    assert most_telling([stranger, silent]) is silent
    assert most_telling([silent, stranger, forbidden]) is forbidden
    assert most_telling([stranger]) is stranger
