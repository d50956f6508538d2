"""Build the network of a stack, as its stack file says: the program of every stack."""

import pulumi

from components.network import Network, NetworkArgs
from heddle import config
from heddle.topology import plan

settings = config.load()
network = Network(
    settings.instance.name,
    NetworkArgs(
        instance=settings.instance,
        topology=plan(settings.instance, public_address=settings.cluster.public_address),
        kubeconfig=settings.cluster.kubeconfig,
        cluster_identifier=settings.cluster.identifier,
    ),
)
pulumi.export("instance", network.instance)
pulumi.export("access", network.access)
