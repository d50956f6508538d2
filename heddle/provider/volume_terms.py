"""Keep VolumeTerms: what the volumes of nodes stay, held against what the stack file says now."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from heddle.errors import ProviderError, Unreachable
from heddle.kube.claims import claim_holders, claims_of, is_leaving, mounted_claims
from heddle.kube.client import Json, KubeClient
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties, has_unknown
from heddle.provider.handler import Call, Plan, Recorded
from heddle.provider.volumes import expect_growth, shrinking
from heddle.schema.kubernetes import STAYS, VOLUME_TERMS
from heddle.state.urn import urn_stack
from heddle.text import some
from heddle.waiting import Deadline, poll

__all__ = ["VolumeTermsHandler"]

_PATIENCE = 120.0
"""Seconds until a claim that is being deleted must be gone."""
_CLASS = (
    "a claim keeps its class: with another one it would be another, empty volume. Put the old class back; or "
    "take the node out, remove the claim that it leaves behind, and add the node again in a second `up`"
)
_DATABASE = (
    "a peer keeps its kind of state database: Fabric reads no other one's. Put the old one back, or declare "
    "another instance"
)
_MEMBER = (
    "is not in the file any more, but may still be on channels, and its authorities are protected: put it "
    "back with `leaving: true` and run `up`, which takes it off its channels; then take it out of the file"
)


class VolumeTermsHandler(Recorded):
    """See `heddle.schema.kubernetes`. What volumes and members must stay is asked of the state alone.

    Refusing when inputs are checked ends previews too, and the claims that wait for it are not registered.
    Only whether a new node's volume was used before, and whether one may grow, is asked of the cluster.
    """

    declaration = VOLUME_TERMS
    identifier = "terms"

    def verify_change(self, olds: Properties, news: Properties) -> list[CheckFailure]:
        """Report a node that stays and would get another class or database, and a member gone at once."""
        return [
            *_changed(olds, news, "storageClasses", _CLASS),
            *shrinking(_by_node(olds, "storageSizes"), _by_node(news, "storageSizes")),
            *_changed(olds, news, "stateDatabases", _DATABASE),
            *_gone(olds, news),
        ]

    async def plan(self, call: Call) -> Plan:
        """Refuse early what `create` and `update` would refuse; tell what becomes of claims."""
        try:
            await self._refuse_used(call, patience=0)
            await self._expect_growth(call)
        except Unreachable:
            words = "whether the volumes of new nodes are free, and may grow, shows after apply"
            return Plan(outputs={}, message=words)
        return Plan(outputs={}, message=_leftovers(call))

    async def update(self, call: Call) -> Properties:
        """Refuse a new node whose claim was used before; wait for a claim that is being deleted."""
        await self._refuse_used(call, patience=call.deadline(_PATIENCE))
        await self._expect_growth(call)
        if message := _leftovers(call):
            await self.session.info(message, call.urn)
        return {}

    async def _expect_growth(self, call: Call) -> None:
        """Raise ProviderError for claims that cannot get their new size; a state may not know the old one."""
        namespace, old = call.inputs.get("namespace"), _by_node(call.old_inputs, "storageSizes")
        new = _by_node(call.inputs, "storageSizes")
        if not call.id or not namespace or has_unknown([namespace, new]):
            return
        changed = {name: size for name, size in new.items() if name in old and old[name] != size}
        wanted = changed if old else new
        if wanted:
            async with KubeClient(await self.session.api_server()) as server:
                await expect_growth(server, namespace, wanted, known=bool(old))

    async def _refuse_used(self, call: Call, *, patience: float) -> None:
        """Raise ProviderError for a new node whose claim is there and has a volume.

        A claim that is being deleted is no hindrance for a preview; without patience it is not waited for.
        """
        namespace = call.inputs.get("namespace")
        new = (
            _by_node(call.inputs, "storageClasses").keys()
            - _by_node(call.old_inputs, "storageClasses").keys()
        )
        if not namespace or not new or has_unknown(namespace):
            return
        async with KubeClient(await self.session.api_server()) as server:
            claims = await claims_of(server, namespace)
            # One that a StatefulSet mounts is of a node that never left: an earlier `up` did not come so far.
            sets = await server.items(f"/apis/apps/v1/namespaces/{quote(namespace)}/statefulsets")
            free = (new & claims.keys()) - mounted_claims(sets)
            used = sorted(name for name in free if _is_used(claims[name]))
            if used:
                raise _used(used, namespace, urn_stack(call.urn))
            if patience and any(is_leaving(claims[name]) for name in new & claims.keys()):
                await _wait_until_gone(server, namespace, new, Deadline(patience))


async def _wait_until_gone(
    server: KubeClient, namespace: str, names: Collection[str], clock: Deadline
) -> None:
    """Wait until claims that are being deleted are gone. Raises ProviderError with what holds them."""

    async def left(_: float) -> list[str]:
        claims = await claims_of(server, namespace)
        return sorted(name for name in names if name in claims and is_leaving(claims[name]))

    def until(found: Collection[str]) -> str:
        return f"until claims that are being deleted are gone: {some(sorted(found))}"

    if not (names := await poll(left, lambda found: not found, deadline=clock, until=until)):
        return
    pods = await server.items(f"/api/v1/namespaces/{quote(namespace)}/pods")
    holders = [line for name in names for line in claim_holders(name, pods)]
    raise ProviderError(
        "\n  ".join(
            [f"claims still being deleted after {clock.seconds:.0f} s: {', '.join(names)}", *holders]
        ),
        hint="Delete what holds them, then run it again.",
    )


def _is_used(claim: Json) -> bool:
    """Tell whether a claim has a volume, whose content nobody knows; one that goes does not count."""
    return bool(claim["spec"].get("volumeName")) and not is_leaving(claim)


def _used(names: list[str], namespace: str, stack: str) -> ProviderError:
    listed = ",".join(names)
    return ProviderError(
        f"namespace {namespace}: volumes of new nodes were used before: claims {', '.join(names)}\n"
        "  Nodes that left have left them behind. A new node begins on an empty volume: on an old ledger an "
        "orderer could vote as the node it was, and no peer's keys fit an old peer's private data.",
        hint="Nothing was changed. If nobody needs the data, remove it: `heddle runbook run clean-residue "
        f"--stack {stack} -e leftovers={listed}`, then run this again.",
    )


def _leftovers(call: Call) -> str:
    """Return what becomes of the claims of nodes that leave; empty when none leaves."""
    old, new = (_by_node(each, "storageClasses") for each in (call.old_inputs, call.inputs))
    gone = sorted(old.keys() - new.keys())
    if not gone:
        return ""
    if call.inputs["claims"] != "retained":
        return f"{', '.join(gone)}: the volume is deleted with its node"
    return (
        f"{', '.join(gone)}: the volume stays, as a leftover claim of the node's name\n"
        "no new node of that name is made while it is there; to remove it with its data: `heddle runbook run "
        f"clean-residue --stack {urn_stack(call.urn)} -e leftovers={','.join(gone)}`"
    )


def _gone(olds: Properties, news: Properties) -> list[CheckFailure]:
    """Report organizations that were to stay, and that the program does not have any more."""
    old, new = _by_node(olds, "members"), _by_node(news, "members")
    return [
        CheckFailure(property=f"members.{name}", reason=f"organization {name} {_MEMBER}")
        for name, terms in sorted(old.items())
        if terms == STAYS and name not in new
    ]


def _changed(olds: Properties, news: Properties, name: str, reason: str) -> list[CheckFailure]:
    old, new = _by_node(olds, name), _by_node(news, name)
    return [
        CheckFailure(
            property=f"{name}.{node}", reason=f"{_shown(value)} instead of {_shown(old[node])}: {reason}"
        )
        for node, value in sorted(new.items())
        if node in old and value != old[node] and not has_unknown([value, old[node]])
    ]


def _by_node(properties: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = properties.get(name)
    return found if isinstance(found, dict) else {}


def _shown(value: object) -> str:
    return repr(value) if value else "the default"
