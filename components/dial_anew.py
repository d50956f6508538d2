"""Restart once more, after the channels have changed, the nodes that had to wait for it or must dial anew."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pulumi

from heddle.resources import Rollout, RolloutArgs

_REVISION = "after-channels"
"""Templates are rolled out before the channels; here a change of them is nothing new."""


def dial_anew(
    name: str,
    args: RolloutArgs,
    nodes: Iterable[str],
    after: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> Rollout:
    """Declare one more Rollout of the same nodes, which comes after the channels.

    Orderers keep their connections whatever a configuration says, and gateways of peers know the orderers
    that there were when the peer started: both dial anew when they restart. The channels mark who must.
    """
    again = replace(args, again=True, revisions=dict.fromkeys(nodes, _REVISION))
    return Rollout(name, again, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=after)))
