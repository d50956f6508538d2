"""Write and read a channel's outputs: its genesis block, the configuration applied last, its request."""

from base64 import b64decode, b64encode

from fabric_protos.common.common_pb2 import Block
from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.blocks import config_of
from heddle.configtx.request import Request, merge_requests, request_from_bytes, request_to_bytes
from heddle.configtx.trust import read_mark
from heddle.configtx.values import parse
from heddle.errors import ConfigtxError
from heddle.network.history import ConfigHistory
from heddle.plugin.values import Properties
from heddle.provider.channel.genesis import own_hash

__all__ = [
    "applied_of",
    "current_request",
    "encoded",
    "first_outputs",
    "genesis_of",
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


def genesis_of(outputs: Properties) -> Block:
    """Return the genesis block that the state keeps."""
    return parse(Block(), _bytes(outputs, "genesisBlock"), "the genesis block in the state")


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


def applied_of(outputs: Properties) -> Config:
    """Return the configuration applied last; that of the genesis block if no update followed."""
    applied = _bytes(outputs, "applied")
    if not applied:
        return config_of(genesis_of(outputs)).config
    return parse(Config(), applied, "the configuration in the state")


def _bytes(outputs: Properties, key: str) -> bytes:
    """Return the bytes that the state keeps as base64."""
    try:
        return b64decode(str(outputs[key]))
    except ValueError:
        raise ConfigtxError(
            f"{key} in the state is no base64", hint="The state is damaged: take it from a backup."
        ) from None
