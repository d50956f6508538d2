"""The network of these tests as resources: three orderers, organizations alpha and beta, one chaincode.

A fourth orderer and an organization gamma run beside it, on no channel yet.
"""

import copy
import re
from dataclasses import dataclass, replace
from typing import Any

from tests.provider.harness import channel_value, msp_value, node_value, signer_value
from tests.provider.tokens import APPROVAL, CHANNEL, DEFINITION, INSTALLATION, MEMBERSHIP, PACKAGE, ROLLOUT
from tests.real.network import RealNetwork

COLLECTION = {"name": "secret", "policy": "OR('AlphaMSP.member', 'BetaMSP.member')"}


@dataclass
class Wanted:
    """What a program declares, to be changed by a case."""

    network: RealNetwork
    resources: dict[str, dict[str, Any]]

    def copy(self) -> "Wanted":
        return Wanted(self.network, copy.deepcopy(self.resources))

    def declared(self) -> list[dict[str, Any]]:
        return [{"name": name, **one} for name, one in self.resources.items()]

    def inputs(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.resources[name]["inputs"]
        return found

    def add(self, name: str, kind: str, inputs: dict[str, Any], *depends_on: str) -> None:
        self.resources[name] = {"type": kind, "inputs": inputs, "dependsOn": list(depends_on)}

    def everywhere(self, **changes: Any) -> None:
        """Another definition: approved by everybody, committed."""
        for name, one in self.resources.items():
            if one["type"] in (APPROVAL, DEFINITION):
                self.inputs(name).update(changes)

    def signers(self, *names: str) -> list[dict[str, Any]]:
        known = {"ordering": self.network.ordering, **self.network.organizations}
        return [signer_value(known[name].admin) for name in names]

    def channel(self, numbers: str = "123", organizations: str = "alpha beta") -> dict[str, Any]:
        """A Channel's inputs: these orderers, these organizations."""
        network = self.network
        chosen = [node for node in network.orderers if node.name[-1] in numbers]
        addresses = {f"{node.host}:{node.port}" for node in chosen}
        settings = network.settings()
        (ordering,) = settings.orderer_organizations
        settings = replace(
            settings,
            consenters=tuple(one for one in settings.consenters if one.address in addresses),
            orderer_organizations=(replace(ordering, endpoints=tuple(sorted(addresses))),),
            peer_organizations=tuple(
                one for one in settings.peer_organizations if one.name in organizations.split()
            ),
        )
        value = channel_value(settings, chosen, [], network.admin_tls)
        return {**value, "signers": self.signers("ordering", *organizations.split())}

    def add_member(self, peer_name: str) -> None:
        node = next(one for one in self.network.peers if one.name == peer_name)
        inputs = {
            "channel": "channel",
            "genesisHash": {"$output": ["channel", "genesisHash"]},
            "peer": node_value(node),
            "orderers": self.inputs("channel")["orderers"],
            "signer": signer_value(self.network.organization_of(node).admin),
        }
        self.add(f"member-{peer_name}", MEMBERSHIP, inputs, "channel")

    def add_chaincode(self, *organizations: str, approvals: str = "alpha beta") -> None:
        """Chaincode `assets`, version 1.0, sequence 1."""
        network = self.network
        root = network.organizations["alpha"].tls_authority.certificate.decode()
        package = {"label": "assets_1", "address": "localhost:9999", "tlsRootCertificate": root}
        self.add("package", PACKAGE, package)
        definition = {
            "channel": "channel",
            "name": "assets",
            "version": "1.0",
            "sequence": 1,
            "collections": [COLLECTION],
            "genesisHash": {"$output": ["channel", "genesisHash"]},
            "orderers": self.inputs("channel")["orderers"],
        }
        peers = [node for node in network.peers if network.organization_of(node).name in organizations]
        shipped = {name: {"$output": ["package", name]} for name in ("package", "packageId")}
        for node in peers:
            owner = network.organization_of(node)
            common = {"peer": node_value(node), "signer": signer_value(owner.admin)}
            self.add(
                f"install-{node.name}",
                INSTALLATION,
                {**common, **shipped, "label": "assets_1"},
                f"member-{node.name}",
            )
            if f"approval-{owner.name}" not in self.resources and owner.name in approvals.split():
                self.add(
                    f"approval-{owner.name}",
                    APPROVAL,
                    {**definition, **common, "packageId": shipped["packageId"]},
                    *(f"member-{one.name}" for one in peers),
                )
        self.add(
            "definition",
            DEFINITION,
            {**definition, "peers": [node_value(node) for node in peers], "signer": self.signers("alpha")[0]},
            *(name for name in self.resources if name.startswith("approval-")),
        )

    def add_rollout(self) -> None:
        nodes = self.inputs("channel")["orderers"]
        inputs = {
            "kind": "orderer",
            "namespace": "n",
            "nodes": nodes,
            "revisions": {node["name"]: "1" for node in nodes},
            "channels": ["channel"],
            "adminTls": self.inputs("channel")["adminTls"],
        }
        self.add("rollout", ROLLOUT, inputs)

    def gamma(self) -> dict[str, Any]:
        """The organization gamma as a member."""
        organization = self.network.organizations["gamma"]
        return {"name": "gamma", "msp": msp_value(organization.msp), "anchorPeers": []}


def base(network: RealNetwork) -> Wanted:
    """Everything, as it is deployed before the cases."""
    wanted = Wanted(network, {})
    wanted.add("channel", CHANNEL, wanted.channel())
    wanted.add_rollout()
    for peer in network.peers:
        if network.organization_of(peer).name != "gamma":
            wanted.add_member(peer.name)
    wanted.add_chaincode("alpha", "beta")
    return wanted


def readable(text: str, network: RealNetwork) -> str:
    """A message without what differs from run to run: ports are the nodes' names, hashes are left out."""
    for node in (*network.orderers, *network.peers):
        text = re.sub(rf"\b(localhost|127\.0\.0\.1):{node.port}\b", f"<{node.name}>", text)
        text = re.sub(rf"port: {node.port}\b", f"port: <{node.name}>", text)
        if node.admin_port:
            text = re.sub(rf"\b(localhost|127\.0\.0\.1):{node.admin_port}\b", f"<{node.name} admin>", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "<hash>", text)
    # Addresses stand in the order of their ports.
    text = re.sub(r"(addresses|consenters)\[\d+\]", r"\1[<place>]", text)
    text = re.sub(r"until \d{4}-\d\d-\d\d", "until <date>", text)
    return re.sub(r"\b[0-9a-f]{16}\.\.\.", "<hash>", text)
