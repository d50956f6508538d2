"""What a runbook is told of a network that is only described."""

from heddle.runbooks.context import Context
from tests.network.samples import sample_network

CONTEXT = Context(
    stack="dev", kubeconfig="k", deployed=sample_network(), packages=(), approvals=(), namespaces={}
)
