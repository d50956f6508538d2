"""Keep AddressTerms: addresses that nodes answer to, of which none goes while somebody is sent to it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from heddle.errors import FabricError, ProviderError
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods
from heddle.network.addresses import named_addresses
from heddle.planner.addresses import leaving_addresses, removal_refusal
from heddle.plugin.values import Properties, has_unknown
from heddle.provider.checked_values import nodes, signer
from heddle.provider.handler import Call, Plan, Recorded
from heddle.provider.lost_volumes import loss
from heddle.provider.refusing import raise_refusal
from heddle.schema.addresses import ADDRESS_TERMS
from heddle.text import counted

__all__ = ["AddressTermsHandler"]


class AddressTermsHandler(Recorded):
    """See `heddle.schema.addresses`. What decides is what channels name at this moment."""

    declaration = ADDRESS_TERMS
    identifier = "{namespace}/addresses"

    async def plan(self, call: Call) -> Plan:
        """Refuse early what `update` would refuse; tell how nodes come to other addresses."""
        before, after = call.old_inputs.get("served") or {}, call.inputs["served"]
        if not call.id or has_unknown(after):
            return Plan(outputs={})
        await self._expect_unused(call)
        return Plan(outputs={}, message=_story(before, after))

    async def update(self, call: Call) -> Properties:
        """Let addresses go that nobody is sent to, or raise ProviderError with who is."""
        await self._expect_unused(call)
        return {}

    async def _expect_unused(self, call: Call) -> None:
        gone = leaving_addresses(call.old_inputs.get("served") or {}, call.inputs["served"])
        if not gone:
            return
        known = call.inputs["reader"] if not has_unknown(call.inputs["reader"]) else call.old_inputs["reader"]
        # By the addresses that the last run gave them: to those they answer now.
        orderers, reader = await self._with_ledgers(nodes(call.old_inputs["orderers"])), signer(known)
        if not orderers:
            return  # as after a first `up` that ended before it made them: no channel names anything
        channels = list(dict.fromkeys([*call.old_inputs["channels"], *call.inputs["channels"]]))
        try:
            named = await asyncio.gather(
                *(named_addresses(self.session.connections, each, orderers, reader) for each in channels)
            )
        except FabricError as error:
            raise ProviderError(
                f"whether channels still name former addresses of nodes is not known\n  {error}",
                hint="Put the former addresses back (`former` in the stack file), bring the orderers up, "
                "then try again.",
            ) from error
        restarting = await self._restarting(call)
        raise_refusal(removal_refusal(gone, dict(zip(channels, named, strict=True)), restarting))

    async def _with_ledgers(self, orderers: Sequence[Node]) -> list[Node]:
        """Return the orderers that may know channels: those without a volume never did, or do no more."""
        losses = await asyncio.gather(*(loss(self.session, each) for each in orderers))
        return [each for each, lost in zip(orderers, losses, strict=True) if not lost]

    async def _restarting(self, call: Call) -> list[str]:
        """Return the nodes that stay and whose pods are to restart, by Kubernetes' word."""
        if not self.session.has_cluster:
            return []
        names = [each for each in call.old_inputs["served"] if each in call.inputs["served"]]
        async with NodePods(await self.session.api_server(), call.inputs["namespace"]) as pods:
            states = await asyncio.gather(*map(pods.state, names))
        return [state.node for state in states if state is not None and state.outdated]


def _story(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what becomes of addresses, in the order in which it is done; empty where nothing does."""
    changed = [name for name in after if name in before and before[name][0] != after[name][0]]
    if changed:
        lines = [f"{name}: {before[name][0]} → {after[name][0]}" for name in sorted(changed)]
        return "\n".join(
            [
                f"{counted(len(changed), 'node')} get another address and answer to the former one, too",
                *lines,
                "1. nodes restart one at a time, with certificates for both addresses",
                "2. channels name the new ones: endpoints and anchor peers, then each consenter by itself",
                "3. orderers, then peers restart once more, one at a time, and dial the new ones",
                "then hand out new client configurations, and take `former` out of the stack file",
            ]
        )
    gone = leaving_addresses(before, after)
    if not gone:
        return ""
    return "\n".join(
        [
            f"{counted(len(gone), 'node')} stop answering to a former address, which no channel names",
            *(f"{name}: {', '.join(addresses)}" for name, addresses in sorted(gone.items())),
        ]
    )
