"""What peers make of transactions that were ordered: orderers only look at the creator's signature."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

from heddle.fabric import endorser, events, gateway, orderer, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import Proposal
from heddle.fabric.events import deliver_block
from heddle.identity.signer import Signer
from heddle.protobuf import enum_name
from tests.contract.scene import Scene, cases
from tests.real.commits import wait_for_commit

Response = proposal_response_pb2.ProposalResponse


@dataclass
class Draft:
    """A transaction in parts that can be spoiled before it is put together."""

    scene: Scene
    creator: Signer
    header: common_pb2.Header
    proposal: proposal_pb2.ChaincodeProposalPayload
    response: proposal_response_pb2.ProposalResponsePayload
    signed: bytes
    endorsements: list[proposal_response_pb2.Endorsement]
    changed: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, scene: Scene, creator: Signer, proposal: Proposal, answers: Sequence[Response]) -> "Draft":
        content = proposal_pb2.Proposal.FromString(proposal.content)
        payload = answers[0].payload
        return cls(
            scene=scene,
            creator=creator,
            header=common_pb2.Header.FromString(content.header),
            proposal=proposal_pb2.ChaincodeProposalPayload.FromString(content.payload),
            response=proposal_response_pb2.ProposalResponsePayload.FromString(payload),
            signed=payload,
            endorsements=[answer.endorsement for answer in answers],
        )

    def set_channel(self, **fields: Any) -> None:
        """Change fields of the channel header."""
        header = common_pb2.ChannelHeader.FromString(self.header.channel_header)
        for name, value in fields.items():
            setattr(header, name, value)
        self.header.channel_header = header.SerializeToString()

    def set_result(self, change: Callable[[proposal_pb2.ChaincodeAction], None]) -> None:
        """Change what was endorsed."""
        action = proposal_pb2.ChaincodeAction.FromString(self.response.extension)
        change(action)
        self.response.extension = action.SerializeToString()
        self.signed = self.response.SerializeToString()

    def rehash(self) -> None:
        """As if the proposal as it is now had been endorsed."""
        content = (
            self.header.channel_header + self.header.signature_header + self.proposal.SerializeToString()
        )
        self.response.proposal_hash = hashlib.sha256(content).digest()
        self.signed = self.response.SerializeToString()

    def endorse_again(self) -> None:
        """As peers of both organizations that endorse whatever they are given."""
        network = self.scene.network
        self.endorsements = []
        for organization in network.organizations.values():
            issued = organization.node_identity(f"false-peer.{organization.name}", "peer")
            signer = Signer(
                msp_id=organization.msp.msp_id, certificate=issued.certificate, private_key=issued.private_key
            )
            self.add_endorsement(signer)

    def add_endorsement(self, signer: Signer) -> None:
        """One more, by anybody."""
        signature = signer.sign(self.signed + signer.serialized)
        one = proposal_response_pb2.Endorsement(endorser=signer.serialized, signature=signature)
        self.endorsements.append(one)

    def envelope(self) -> common_pb2.Envelope:
        """Put together and signed."""
        content = transaction_pb2.ChaincodeActionPayload(
            chaincode_proposal_payload=self.proposal.SerializeToString(),
            action=transaction_pb2.ChaincodeEndorsedAction(
                proposal_response_payload=self.signed, endorsements=self.endorsements
            ),
        )
        action = transaction_pb2.TransactionAction(
            header=self.header.signature_header, payload=content.SerializeToString()
        )
        count = self.changed.get("actions", 1)
        data = transaction_pb2.Transaction(actions=[action] * count).SerializeToString()
        payload = common_pb2.Payload(header=self.header, data=self.changed.get("data", data))
        serialized = payload.SerializeToString()
        return common_pb2.Envelope(payload=serialized, signature=self.creator.sign(serialized))


def _other_creator(draft: Draft) -> None:
    draft.creator = draft.scene.person("beta.user")
    header = common_pb2.SignatureHeader.FromString(draft.header.signature_header)
    header.creator = draft.creator.serialized
    draft.header.signature_header = header.SerializeToString()


def _no_nonce(draft: Draft) -> None:
    header = common_pb2.SignatureHeader.FromString(draft.header.signature_header)
    header.nonce = b""
    draft.header.signature_header = header.SerializeToString()


def _one_twice(draft: Draft) -> None:
    draft.endorsements = [draft.endorsements[0]] * 2


def _forged(draft: Draft) -> None:
    draft.endorsements[1].signature = draft.scene.person("beta.user").sign(b"")


def _by(name: str, *, instead: bool) -> Callable[[Draft], None]:
    def spoil(draft: Draft) -> None:
        if instead:
            del draft.endorsements[1]
        draft.add_endorsement(draft.scene.person(name))

    return spoil


def _result(change: Callable[[proposal_pb2.ChaincodeAction], None]) -> Callable[[Draft], None]:
    def spoil(draft: Draft) -> None:
        draft.set_result(change)
        draft.endorse_again()

    return spoil


def _change_event(action: proposal_pb2.ChaincodeAction) -> None:
    event = chaincode_event_pb2.ChaincodeEvent.FromString(action.events)
    event.chaincode_id = "other"
    action.events = event.SerializeToString()


def _no_version(action: proposal_pb2.ChaincodeAction) -> None:
    action.chaincode_id.version = ""


def _other_results(draft: Draft) -> None:
    draft.set_result(lambda action: setattr(action, "results", b""))


def _other_chaincode(draft: Draft) -> None:
    name = proposal_pb2.ChaincodeHeaderExtension()
    name.chaincode_id.name = "nothing"
    draft.set_channel(extension=name.SerializeToString())


def _inconsistent(draft: Draft) -> None:
    _other_chaincode(draft)
    draft.rehash()
    draft.endorse_again()


def _undefined(draft: Draft) -> None:
    draft.set_result(lambda action: setattr(action.chaincode_id, "name", "nothing"))
    draft.set_result(lambda action: setattr(action, "events", b""))
    _inconsistent(draft)


SPOILED: dict[str, Callable[[Draft], None]] = {
    "nothing": lambda _: None,
    "no endorsements": lambda draft: draft.endorsements.clear(),
    "one twice": _one_twice,
    "forged endorsement": _forged,
    "client endorses": _by("beta.user", instead=True),
    "stranger endorses": _by("stranger.admin", instead=True),
    "stranger more": _by("stranger.admin", instead=False),
    "other results": _other_results,
    "transaction id": lambda draft: draft.set_channel(tx_id="0" * 64),
    "other proposal": lambda draft: setattr(draft.proposal, "input", b""),
    "no action": lambda draft: draft.changed.update(actions=0),
    "two actions": lambda draft: draft.changed.update(actions=2),
    "nonsense": lambda draft: draft.changed.update(data=b"\x0a\xff"),
    "other creator": _other_creator,
    "epoch": lambda draft: draft.set_channel(epoch=1),
    "type": lambda draft: draft.set_channel(type=common_pb2.MESSAGE),
    "nonce": _no_nonce,
    "other chaincode": _other_chaincode,
    "system": lambda _: None,
    "inconsistent": _inconsistent,
    "undefined": _undefined,
    "other event": _result(_change_event),
    "no version": _result(_no_version),
}


async def _ordered(scene: Scene, connections: Connections, draft: Draft) -> dict[str, str]:
    """Have it ordered, alone in its block, and return the code that each organization's peer gives it."""
    reader = scene.person("alpha.user")
    height = (await qscc.chain_info(connections, scene.peer(), "channel", reader, deadline=10)).height
    await orderer.broadcast(connections, scene.network.orderers[0], draft.envelope(), deadline=10)
    codes = {}
    for name in scene.network.organizations:
        person = scene.person(f"{name}.user")
        block = await deliver_block(
            connections, scene.peer(name), "channel", height, person, deadline=20, wait=True
        )
        [code] = block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER]
        codes[name] = enum_name(transaction_pb2.TxValidationCode.DESCRIPTOR, code)
    return codes


async def _draft(scene: Scene, connections: Connections, make: str) -> Draft:
    creator = scene.person("alpha.user")
    if make == "system":
        proposal = endorser.new_proposal(creator, "channel", "qscc", ["GetChainInfo", "channel"])
    else:
        proposal = endorser.new_proposal(creator, "channel", "assets", ["put", "spoiled", "ada", "1"])
    peers = [scene.peer()] if make == "system" else scene.network.peers
    answers = [await endorser.propose(connections, peer, proposal, creator, deadline=10) for peer in peers]
    return Draft.of(scene, creator, proposal, answers)


@pytest.mark.parametrize("case", cases("transactions"), ids=lambda case: case["name"])
async def test_codes(scene: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """Ordered, and then valid or not: by the code in the block, on every peer."""
    draft = await _draft(scene, connections, case["make"])
    SPOILED[case["make"]](draft)
    codes = await _ordered(scene, connections, draft)
    assert codes == dict.fromkeys(scene.network.organizations, case["code"])


async def test_a_block_that_cannot_be_filtered(scene: Scene, connections: Connections) -> None:
    """One member's nonsense does not keep others from hearing of their transactions."""
    alpha, beta = scene.person("alpha.user"), scene.person("beta.user")
    async with events.watch_commits(connections, scene.peer(), "channel", beta, deadline=20) as watch:
        nonsense = await _draft(scene, connections, "nonsense")
        SPOILED["nonsense"](nonsense)
        # Alone in its block: upstream's 3.1.5 never finishes a block in which others follow it.
        await _ordered(scene, connections, nonsense)
        first = scene.network.orderers[0]
        proposal = endorser.new_proposal(alpha, "channel", "assets", ["put", "after", "ada", "1"])
        message = await gateway.endorse(connections, scene.peer(), proposal, alpha, deadline=10)
        await orderer.broadcast(connections, first, message, deadline=10)
        commit = await watch.transaction(proposal.transaction_id)
    assert commit.code == "VALID"
    found = await wait_for_commit(
        connections, scene.peer(), "channel", proposal.transaction_id, beta, start="oldest", deadline=20
    )
    assert found == commit
