"""Exchange an organization's authorities for a further generation, phase by phase, by proof."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from heddle.fabric.node import Node
from heddle.identity.authority import Authority
from heddle.identity.bridge import bridge, may_bridge, presented_beneath
from heddle.identity.expiry import expires_within
from heddle.kube.pods import NodePods
from heddle.network.trust import AuthorityPair, TrustQuestions
from heddle.planner.authorities import (
    ChannelTrust,
    Generations,
    NodeTrust,
    exchange_refusal,
    needs_proof,
    step_refusal,
)
from heddle.planner.operations import Operation
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import UNKNOWN, Properties, has_unknown
from heddle.provider.checked_values import nodes
from heddle.provider.handler import Call, Plan, Recorded
from heddle.provider.refusing import raise_refusal
from heddle.schema.authorities import AUTHORITY_EXCHANGE

__all__ = ["AuthorityExchangeHandler"]


class AuthorityExchangeHandler(Recorded):
    """Put generations of authorities in force, as `heddle.schema.authorities` declares them.

    The state only says what was let through last, which is where the question begins. What decides is what
    nodes present and accept, and what channels name, at this moment.
    """

    declaration = AUTHORITY_EXCHANGE
    identifier = "{organization}"
    operation = Operation.EXCHANGE

    def verify(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Report an issuing generation that is none of those that are trusted."""
        numbers = [each["generation"] for each in inputs["generations"]]
        if inputs["issuing"] in numbers:
            return []
        reason = f"{inputs['issuing']} is none of the generations: {', '.join(map(str, numbers))}"
        return [CheckFailure(property="issuing", reason=reason)]

    async def plan(self, call: Call) -> Plan:
        """Refuse what must not be now; return the outputs as far as the authorities exist."""
        await self._expect_proof(call)
        outputs = _outputs(call)
        return Plan(outputs=outputs, message=_story(call))

    async def update(self, call: Call) -> Properties:
        """Put the generations in force, or raise ProviderError with whoever would be shut out."""
        await self._expect_proof(call)
        return _outputs(call)

    async def _expect_proof(self, call: Call) -> None:
        wanted, former = _wanted(call.inputs), _wanted(call.old_inputs) if call.id else None
        pairs = _pairs(call)
        if call.inputs["kind"] == "operations":
            raise_refusal(step_refusal(wanted, former))
        if not (call.inputs["nodes"] or call.inputs["channels"]):
            return  # authorities that nobody is a member of
        to_come = {each["generation"] for each in call.inputs["generations"] if has_unknown(each)}
        ended = {number for number, pair in pairs.items() if pair.ended} - to_come
        told: Sequence[NodeTrust] = ()
        on: Sequence[ChannelTrust] = ()
        if wanted.issuing in to_come:
            told = await self._strangers(call)
        elif pairs and needs_proof(wanted, former, ended):
            told, on = await self._asked(call, pairs)
        raise_refusal(exchange_refusal(call.inputs["organization"], wanted, former, told, on, ended))

    async def _strangers(self, call: Call) -> list[NodeTrust]:
        """Return the nodes that exist: none of them knows authorities that are not made yet."""
        declared = call.inputs["nodes"] if isinstance(call.inputs["nodes"], list) else ()
        named: list[Any] = [{**each, "tlsRootCertificates": []} for each in declared]
        found = await self._existing(nodes(named))
        return [NodeTrust(name=node.name) for node in found]

    async def _asked(
        self, call: Call, pairs: Mapping[int, AuthorityPair]
    ) -> tuple[list[NodeTrust], list[ChannelTrust]]:
        """Return what nodes present and accept, and what channels name, at this moment."""
        questions = TrustQuestions(
            connections=self.session.connections, msp_id=call.inputs["mspId"], pairs=pairs
        )
        found, orderers = [await self._existing(_known_nodes(call, part)) for part in ("nodes", "orderers")]
        channels = call.inputs["channels"]
        ask = questions.orderer if call.inputs["kind"] == "orderer" else questions.peer
        told = await asyncio.gather(*(ask(node, channels) for node in found))
        on = await asyncio.gather(
            *(questions.channel(each, orderers, found) for each in channels if orderers)
        )
        return told, [each for each in on if each]

    async def _existing(self, declared: Sequence[Node]) -> list[Node]:
        """Return the nodes that were made already: those that are to come have nothing to show."""
        if not self.session.has_cluster or not declared:
            return list(declared)
        async with NodePods(await self.session.api_server(), declared[0].namespace) as pods:
            states = await asyncio.gather(*(pods.state(node.name) for node in declared))
        return [node for node, state in zip(declared, states, strict=True) if state is not None]


def _wanted(inputs: Mapping[str, Any]) -> Generations:
    numbers = frozenset(int(each["generation"]) for each in inputs["generations"])
    return Generations(trusted=numbers, issuing=int(inputs["issuing"]))


def _pairs(call: Call) -> dict[int, AuthorityPair]:
    """Return the generations that exist: those asked for, and those of before, which nodes may still show."""
    known = [*(call.old_inputs.get("generations") or ()), *call.inputs["generations"]]
    return {each["generation"]: _pair(each) for each in known if not has_unknown(each)}


def _pair(value: Mapping[str, Any]) -> AuthorityPair:
    return AuthorityPair(
        authority=_authority(value["certificate"], value["privateKey"]),
        tls_authority=_authority(value["tlsCertificate"], value["tlsPrivateKey"]),
        issuers=tuple(each.encode() for each in value.get("issuers") or ()),
        tls_issuers=tuple(each.encode() for each in value.get("tlsIssuers") or ()),
    )


def _authority(certificate: str, private_key: str) -> Authority:
    return Authority(certificate=certificate.encode(), private_key=private_key.encode())


def _known_nodes(call: Call, part: str) -> tuple[Node, ...]:
    """Return nodes, each with every TLS root that is known: also with those of before."""
    former = {each["name"]: each["tlsRootCertificates"] for each in call.old_inputs.get(part) or ()}
    listed = call.inputs[part] if isinstance(call.inputs[part], list) else call.old_inputs.get(part) or []
    known: list[Any] = []
    for each in listed:
        roots = each["tlsRootCertificates"]
        given = [one for one in roots if not has_unknown(one)] if isinstance(roots, list) else []
        merged = list(dict.fromkeys([*given, *former.get(each["name"], ())]))
        if merged:
            known.append({**each, "tlsRootCertificates": merged})
    return nodes(known)


def _outputs(call: Call) -> Properties:
    generations, issuing = call.inputs["generations"], _issuing(call.inputs)
    names = ("certificate", "privateKey", "tlsCertificate", "tlsPrivateKey")
    identities = [[each["certificate"], *(each.get("issuers") or ())] for each in generations]
    servers = [[each["tlsCertificate"], *(each.get("tlsIssuers") or ())] for each in generations]
    return {
        **{name: issuing[name] for name in names},
        "rootCertificates": _distinct([chain[-1:] for chain in identities]),
        "tlsRootCertificates": _distinct([chain[-1:] for chain in servers]),
        "intermediateCertificates": _distinct([chain[:-1] for chain in identities]),
        "tlsIntermediateCertificates": _distinct([chain[:-1] for chain in servers]),
        "bridges": UNKNOWN if has_unknown(issuing) else _bridges(call),
    }


def _distinct(chains: Sequence[Sequence[Any]]) -> Any:  # noqa: ANN401 — a list of texts, or UNKNOWN
    """Return the certificates of several chains, each once: generations may have a root in common."""
    listed = [each for chain in chains for each in chain]
    return UNKNOWN if has_unknown(listed) else list(dict.fromkeys(listed))


def _issuing(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return next(dict(each) for each in inputs["generations"] if each["generation"] == inputs["issuing"])


def _bridges(call: Call) -> list[str]:
    """Return what leads from the issuing TLS authority to its root, and to older ones."""
    issuing = _issuing(call.inputs)
    new = issuing["tlsCertificate"].encode()
    chains = [_intermediates(each) for each in call.inputs["generations"] if not has_unknown(each)]
    older = [each for each in call.inputs["generations"] if each["generation"] < call.inputs["issuing"]]
    made = [
        bridge(_authority(each["tlsCertificate"], each["tlsPrivateKey"]), new).decode()
        for each in older
        if not has_unknown(each) and _bridges_still(each["tlsCertificate"].encode())
    ]
    former = call.old_outputs.get("bridges") or ()
    # Bridges first: OpenSSL follows the first issuer that it is shown, and who has the new authority in its
    # own store is shown nothing that it takes instead.
    return presented_beneath(new, [*made, *former, *(one for each in chains for one in each)])


def _bridges_still(older: bytes) -> bool:
    """Tell whether an authority may certify another one: it allows it, and has not ended."""
    return may_bridge(older) and not expires_within(older, 0)


def _intermediates(generation: Mapping[str, Any]) -> list[str]:
    """Return a generation's TLS authorities below the root."""
    issuers = generation.get("tlsIssuers") or ()
    return [generation["tlsCertificate"], *issuers][:-1]


def _story(call: Call) -> str:
    """Return in a line what a preview's phase does, and what comes next."""
    trusted, issuing = sorted(_wanted(call.inputs).trusted), call.inputs["issuing"]
    if len(trusted) == 1:
        return f"generation {issuing} of its authorities stands alone: what others issued is refused"
    newest = max(trusted)
    if issuing != newest:
        return f"generation {newest} of its authorities is trusted beside {issuing}, which goes on issuing"
    return f"generation {newest} of its authorities issues all certificates; {min(trusted)} is still trusted"
