"""Write and read a channel's outputs: its genesis block, the configuration applied last, its request."""

from base64 import b64decode, b64encode

from fabric_protos.common.common_pb2 import Block
from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.request import Request, merge_requests, request_from_bytes, request_to_bytes
from heddle.configtx.trust import read_mark
from heddle.network.drift import genesis_of
from heddle.network.history import ConfigHistory
from heddle.plugin.values import Properties
from heddle.provider.channel.genesis import own_hash

__all__ = [
    "current_request",
    "encoded",
    "first_outputs",
    "history_of",
    "merged_request",
    "verified",
]


def first_outputs(genesis: Block, config: Config) -> Properties:
    """Return the outputs of a channel that has just its genesis block."""
    return {
        "genesisBlock": b64encode(genesis.SerializeToString()).decode(),
        "genesisHash": own_hash(genesis),
        "sequence": 0,
        "verified": {"number": 0, "hash": own_hash(genesis)},
        "applied": encoded(config),
        "request": "",
    }


def history_of(channel: str, outputs: Properties) -> ConfigHistory:
    """Return what proves the channel's configuration: from the block that the state marks, else from block 0.

    The state of an earlier release marks none: then the whole history is proved once.
    """
    mark = read_mark(outputs.get("verified"))
    history = ConfigHistory(channel, mark=mark)
    if mark is None or mark.number == 0:
        history.begin(genesis_of(outputs))
    return history


def verified(history: ConfigHistory) -> Properties:
    """Return the output that marks the newest configuration block that is proved."""
    mark = history.mark
    return {"verified": {"number": mark.number, "hash": mark.hash}} if mark is not None else {}


def encoded(config: Config) -> str:
    """Return a configuration as the state keeps it, base64."""
    return b64encode(config.SerializeToString()).decode()


def merged_request(last: str, request: Request) -> str:
    """Return a request for the state, with the signatures of the last one if both ask for the same update.

    A copy of the last one may be on its way to other organizations: it must stay of use.
    """
    if last:
        old = request_from_bytes(b64decode(last))
        if (old.sequence, old.update) == (request.sequence, request.update):
            request = merge_requests(old, request)
    return b64encode(request_to_bytes(request)).decode()


def current_request(last: str, sequence: int) -> str:
    """Return the last request, or "" once the configuration that it would change is replaced."""
    return last if last and request_from_bytes(b64decode(last)).sequence == sequence else ""
