"""Restarting nodes one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from heddle.resources.base import DeclaredResource
from heddle.resources.shapes import ClientTls, Identity, Node
from heddle.schema.kubernetes import ROLLOUT

__all__ = ["Rollout", "RolloutArgs"]


@dataclass(frozen=True, kw_only=True)
class RolloutArgs:
    """The nodes of a set (`kind` is orderer or peer) and the checksums of their pod templates.

    Orderers need `admin_tls`, peers one identity of each organization in `signers`.
    """

    kind: str
    namespace: pulumi.Input[str]
    nodes: Sequence[pulumi.Input[Node]]
    revisions: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    channels: Sequence[str] | None = None
    admin_tls: pulumi.Input[ClientTls] | None = None
    signers: Sequence[pulumi.Input[Identity]] | None = None


class Rollout(DeclaredResource[RolloutArgs]):
    """Every node of a set runs the pod template that its StatefulSet holds."""

    declaration = ROLLOUT
