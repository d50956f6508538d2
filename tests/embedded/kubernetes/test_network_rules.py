"""The machine's rules for a local cluster."""

from ipaddress import IPv4Network

from heddle.embedded.kubernetes import network
from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.layout import layout_of

BLOCK = Block(network=IPv4Network("10.208.16.0/20"))


def test_only_answers_are_forwarded_into_a_cluster() -> None:
    """Another machine that sets a route to the block does not get in by way of this one."""
    rules = [words for _, chain, words in network._rules(layout_of("x"), BLOCK) if chain == "FORWARD"]
    inward = [words for words in rules if words[0] == "-d"]

    assert len(inward) == 1
    assert inward[0][inward[0].index("--ctstate") + 1] == "ESTABLISHED,RELATED"
    # What an earlier release left open is taken away.
    assert network._former_rules(layout_of("x"), BLOCK)[0][2][:2] == ["-d", "10.208.16.0/20"]
