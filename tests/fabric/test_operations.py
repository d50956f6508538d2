"""Reading a node's metrics."""

from heddle.fabric.operations import parse_metrics

TEXT = """\
# HELP consensus_etcdraft_is_leader The leadership status of the current node: 1 if it is the leader else 0.
# TYPE consensus_etcdraft_is_leader gauge
consensus_etcdraft_is_leader{channel="a"} 1
consensus_etcdraft_is_leader{channel="b"} 0
ledger_block_processing_time_bucket{channel="a",le="+Inf"} 3
odd{text="a \\"quoted\\" b\\\\c\\nd, e=\\"f\\""} 1.5e-05
go_goroutines 42
not a metric
go_nan NaN
"""


def test_samples_are_found_by_name_and_labels() -> None:
    """Sums over what matches; None is 'no such number', which differs from 0."""
    metrics = parse_metrics(TEXT)
    assert metrics.value("consensus_etcdraft_is_leader", channel="a") == 1
    assert metrics.value("consensus_etcdraft_is_leader", channel="b") == 0
    assert metrics.value("consensus_etcdraft_is_leader") == 1
    assert metrics.value("consensus_etcdraft_is_leader", channel="c") is None
    assert metrics.value("go_goroutines") == 42
    assert metrics.value("ledger_block_processing_time_bucket", le="+Inf") == 3


def test_escapes_in_labels() -> None:
    """Quotes, backslashes and newlines in a label, as the text format writes them."""
    [odd] = [one for one in parse_metrics(TEXT).samples if one.name == "odd"]
    assert odd.labels == {"text": 'a "quoted" b\\c\nd, e="f"'}
    assert odd.value == 1.5e-05
