"""Cases that are small stories: what is asked and sent, one after the other, and what comes of it.

Each step is one of
    {ask: alpha, do: […], gives: […]}              the operations' results, on that organization's peer
    {ask: alpha, do: […], refused: words}
    {send: [alpha, beta], do: […], code: VALID}    endorsed by these organizations' peers, then committed
    {send: [alpha], do: […], refused: words}       an endorser refuses
    {gateway: alpha, do: […], code: VALID}         the same through a gateway, which finds the endorsers
    {gateway: alpha, do: […], refused: words}
    {together: [step, step]}                       endorsed before any is committed, then in this order
    {send: [alpha], approve: {name: x}}            a call of _lifecycle; so are commit and, with ask, ready
with `by` (alpha.user), `chaincode` (probe), `call` (a function and its arguments instead of operations),
`init`, `transient` {name: text}, and `eventually` where it may take a while. Operations: `probe`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.errors import FabricError, Refused
from heddle.fabric import endorser, gateway, orderer
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import Proposal
from heddle.identity.signer import Signer
from tests.contract.definitions import lifecycle_message
from tests.contract.messages import has_words
from tests.contract.scene import Scene
from tests.real.commits import wait_for_commit

Step = dict[str, Any]
_LIFECYCLE = {
    "approve": "ApproveChaincodeDefinitionForMyOrg",
    "commit": "CommitChaincodeDefinition",
    "ready": "CheckCommitReadiness",
}


@dataclass
class Player:
    """Plays stories on a scene."""

    scene: Scene
    connections: Connections

    async def play(self, steps: list[Step]) -> None:
        """One step after the other."""
        for step in steps:
            if "together" in step:
                prepared = [await self.endorsed(one) for one in step["together"]]
                for one, proposal, envelope in prepared:
                    await self._committed(one, proposal, envelope)
            elif "ask" in step:
                await self._ask(step)
            elif "refused" in step:
                with pytest.raises(Refused) as refused:
                    await self.endorsed(step)
                assert has_words(step["refused"], refused.value.words)
            else:
                await self._committed(*await self.endorsed(step))

    # --- asking

    async def _ask(self, step: Step) -> None:
        if step.get("eventually"):
            await _eventually(lambda: self._ask_once(step))
        else:
            await self._ask_once(step)

    async def _ask_once(self, step: Step) -> None:
        proposal, signer = self._proposal(step)
        node = self.scene.peer(step["ask"])
        asked = endorser.propose(self.connections, node, proposal, signer, deadline=20)
        if "refused" in step:
            with pytest.raises(Refused) as refused:
                await asked
            assert has_words(step["refused"], refused.value.words)
            return
        answer = await asked
        if "ready" in step:
            result = lifecycle_pb2.CheckCommitReadinessResult.FromString(answer.response.payload)
            assert dict(result.approvals) == step["gives"]
            differing = {msp_id: list(one.items) for msp_id, one in result.mismatches.items()}
            assert differing == step.get("differing", {})
            return
        found = answer.response.payload.decode()
        assert (found if "call" in step else json.loads(found)) == step["gives"]

    # --- sending

    async def endorsed(self, step: Step) -> tuple[Step, Proposal, Any]:
        """A step that sends, endorsed and not sent."""
        proposal, signer = self._proposal(step)
        if "gateway" in step:
            node = self.scene.peer(step["gateway"])
            wait = 3 if "refused" in step else 20
            envelope = await gateway.endorse(self.connections, node, proposal, signer, deadline=wait)
            return step, proposal, envelope
        answers = [
            await endorser.propose(self.connections, self.scene.peer(name), proposal, signer, deadline=20)
            for name in step["send"]
        ]
        return step, proposal, endorser.transaction(proposal, answers, signer)

    async def _committed(self, step: Step, proposal: Proposal, envelope: Any) -> None:
        """The same verdict on every peer."""
        await orderer.broadcast(self.connections, self.scene.network.orderers[0], envelope, deadline=10)
        for name in self.scene.network.organizations:
            commit = await wait_for_commit(
                self.connections,
                self.scene.peer(name),
                "channel",
                proposal.transaction_id,
                self.scene.person(f"{name}.user"),
                start="newest",
                deadline=20,
            )
            assert commit.code == step.get("code", "VALID")

    def _proposal(self, step: Step) -> tuple[Proposal, Signer]:
        kind = next((kind for kind in _LIFECYCLE if kind in step), "")
        signer = self.scene.person(step.get("by", "alpha.admin" if kind else "alpha.user"))
        if kind:
            args: list[str | bytes] = [
                _LIFECYCLE[kind],
                self._definition(_LIFECYCLE[kind], step[kind], signer),
            ]
            return endorser.new_proposal(signer, "channel", "_lifecycle", args), signer
        proposal = endorser.new_proposal(
            signer,
            "channel",
            step.get("chaincode", "probe"),
            step["call"] if "call" in step else ["run", json.dumps(step["do"])],
            transient={name: value.encode() for name, value in step.get("transient", {}).items()},
            is_init=step.get("init", False),
        )
        return proposal, signer

    def _definition(self, function: str, wanted: dict[str, Any], signer: Signer) -> bytes:
        """Version 1 and sequence 1 unless said; `package: true` is the approver's probe."""
        fields = {"version": "1", "sequence": 1, **wanted}
        if fields.pop("package", False):
            [name] = [
                name
                for name, organization in self.scene.network.organizations.items()
                if organization.msp.msp_id == signer.msp_id
            ]
            fields["source"] = {"local_package": {"package_id": self.scene.packages[name]}}
        return lifecycle_message(f"{function}Args", fields)


async def _eventually(attempt: Callable[[], Awaitable[None]]) -> None:
    """Private data and what gossip knows arrive in their own time."""
    async with asyncio.timeout(60):
        while True:
            try:
                await attempt()
            except (AssertionError, FabricError):
                await asyncio.sleep(0.3)
            else:
                return
