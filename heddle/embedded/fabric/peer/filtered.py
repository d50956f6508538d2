"""Filter a block for followers: transaction ids, validation codes and chaincode events.

Source: core/peer/deliverevents.go, internal/pkg/gateway/event (Fabric 3.1.5).
"""

from collections.abc import Iterator

from fabric_protos.common import common_pb2
from fabric_protos.peer import chaincode_event_pb2, events_pb2, transaction_pb2

from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.transaction import Headers, endorsed

__all__ = ["chaincode_events", "filtered_block"]


def filtered_block(channel: str, block: common_pb2.Block) -> events_pb2.FilteredBlock:
    """Return a block as DeliverFiltered sends it: events of all transactions, without payloads.

    Raises one of MALFORMED for a block with an endorser transaction that is none.
    """
    filtered = events_pb2.FilteredBlock(channel_id=channel, number=block.header.number)
    for code, headers in _transactions(block):
        one = filtered.filtered_transactions.add(
            txid=headers.channel.tx_id, type=headers.channel.type, tx_validation_code=code
        )
        if headers.channel.type == common_pb2.ENDORSER_TRANSACTION:
            transaction_pb2.Transaction.FromString(headers.payload.data)
            one.transaction_actions.SetInParent()
            event = _event(headers)
            if event.chaincode_id:
                event.payload = b""
                one.transaction_actions.chaincode_actions.add(chaincode_event=event)
    return filtered


def chaincode_events(block: common_pb2.Block) -> Iterator[chaincode_event_pb2.ChaincodeEvent]:
    """Yield the events of the block's valid transactions, whole, in the order of the transactions."""
    for code, headers in _transactions(block):
        valid = code == transaction_pb2.TxValidationCode.VALID
        if valid and headers.channel.type == common_pb2.ENDORSER_TRANSACTION:
            event = _event(headers)
            if event.chaincode_id and event.event_name and event.tx_id:
                yield event


def _transactions(block: common_pb2.Block) -> Iterator[tuple[int, Headers]]:
    codes = block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER]
    for code, data in zip(codes, block.data.data, strict=True):
        try:
            yield code, Headers.of(common_pb2.Envelope.FromString(data))
        except MALFORMED:
            continue


def _event(headers: Headers) -> chaincode_event_pb2.ChaincodeEvent:
    """Return a transaction's event; empty for a transaction without one, or without sense."""
    try:
        return endorsed(headers).event
    except (*MALFORMED, IndexError):
        return chaincode_event_pb2.ChaincodeEvent()
