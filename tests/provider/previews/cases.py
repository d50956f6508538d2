"""The cases: what a program declares, and after what. What is expected stands in tests/cases/previews.

A file's name is its case's. `HEDDLE_RECORD=1 pytest tests/provider/previews` writes the files anew from the
embedded engine: read the difference before it is committed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.provider.previews.world import COLLECTION, Wanted

__all__ = ["CASES", "Case"]

NOTHING, DEPLOYED, OTHERS, AWAY = "nothing", "deployed", "others", "away"
PHASES = (NOTHING, DEPLOYED, OTHERS, AWAY)
"""Nothing is there; the base is; others have set the batch to 77 messages; no node answers any more."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One preview. `change` edits the base."""

    name: str
    phase: str
    change: Callable[[Wanted], object]


CASES: list[Case] = []


def _case(phase: str) -> Callable[[Callable[[Wanted], object]], Callable[[Wanted], object]]:
    def register(change: Callable[[Wanted], object]) -> Callable[[Wanted], object]:
        CASES.append(Case(name=change.__name__, phase=phase, change=change))
        return change

    return register


@_case(NOTHING)
def everything_is_new(wanted: Wanted) -> None:
    """The whole base, whose hashes and ids are known after apply."""


@_case(NOTHING)
def certificates_are_to_come(wanted: Wanted) -> None:
    """As in the first preview of a network: nothing that is made of keys is known."""
    wanted.resources = {
        "ca": {
            "type": "heddle:identity:CertificateAuthority",
            "inputs": {"commonName": "ca", "organization": "ordering"},
        },
        **wanted.resources,
    }
    root = {"$output": ["ca", "certificate"]}
    for one in wanted.inputs("channel")["consenters"]:
        one["clientTlsCertificate"] = root
    wanted.inputs("channel")["ordererOrganizations"][0]["msp"]["rootCertificates"] = [root]
    wanted.inputs("package")["tlsRootCertificate"] = root


@_case(NOTHING)
def a_new_bft_channel(wanted: Wanted) -> None:
    """Four orderers that sign blocks by three."""
    channel = wanted.channel("1234")
    wanted.resources = {}
    wanted.add("channel", "heddle:ledger:Channel", {**channel, "consensus": "BFT"})


@_case(DEPLOYED)
def nothing_to_do(wanted: Wanted) -> None:
    """The base again."""


@_case(DEPLOYED)
def another_batch(wanted: Wanted) -> None:
    """Batch timeout and size."""
    wanted.inputs("channel")["batch"] = {"timeout": "1s", "maxMessageCount": 10}


@_case(DEPLOYED)
def a_batch_that_means_the_same(wanted: Wanted) -> None:
    """0.2s is 200ms: an update of the state, and nothing on the ledger."""
    wanted.inputs("channel")["batch"] = {"timeout": "0.2s"}


@_case(DEPLOYED)
def a_member_is_added(wanted: Wanted) -> None:
    """Gamma joins with its peer."""
    wanted.inputs("channel")["peerOrganizations"].append(wanted.gamma())
    wanted.add_member("gamma-peer1")


@_case(DEPLOYED)
def a_member_whose_keys_are_to_come(wanted: Wanted) -> None:
    """As when a stack file names a new organization: its authority does not exist yet."""
    authority = {"commonName": "ca", "organization": "gamma"}
    wanted.resources = {
        "ca": {"type": "heddle:identity:CertificateAuthority", "inputs": authority},
        **wanted.resources,
    }
    member = wanted.gamma()
    member["msp"]["rootCertificates"] = [{"$output": ["ca", "certificate"]}]
    wanted.inputs("channel")["peerOrganizations"].append(member)
    wanted.inputs("channel")["batch"] = {"timeout": "1s"}


@_case(DEPLOYED)
def a_member_is_removed(wanted: Wanted) -> None:
    """Beta leaves: its peer, its approval and its endorser with it."""
    wanted.inputs("channel")["peerOrganizations"].pop()
    for name in ("member-beta-peer1", "install-beta-peer1", "approval-beta"):
        del wanted.resources[name]
    for one in wanted.resources.values():
        one["dependsOn"] = [name for name in one["dependsOn"] if name in wanted.resources]
    peers = wanted.inputs("definition")["peers"]
    wanted.inputs("definition")["peers"] = [one for one in peers if one["mspId"] == "AlphaMSP"]


@_case(DEPLOYED)
def a_member_is_removed_and_a_chaincode_upgraded(wanted: Wanted) -> None:
    """Beta leaves before the definition is committed: its approval is not needed any more."""
    a_member_is_removed(wanted)
    wanted.everywhere(version="2.0", sequence=2)


@_case(DEPLOYED)
def a_member_is_added_and_approvals_are_missing(wanted: Wanted) -> None:
    """Gamma has joined before the definition is committed: its approval will do as well as beta's."""
    a_member_is_added(wanted)
    approvals_are_missing(wanted)


@_case(DEPLOYED)
def signatures_are_missing(wanted: Wanted) -> None:
    """Gamma joins, but beta's administrator is not among the signers."""
    a_member_is_added(wanted)
    wanted.inputs("channel")["signers"] = wanted.signers("ordering", "alpha")


@_case(DEPLOYED)
def a_consenter_is_added(wanted: Wanted) -> None:
    """orderer4 joins, orders, is announced."""
    wanted.inputs("channel").update(wanted.channel("1234"))


@_case(DEPLOYED)
def a_consenter_is_removed(wanted: Wanted) -> None:
    """orderer3 leaves."""
    wanted.inputs("channel").update(wanted.channel("12"))


@_case(DEPLOYED)
def a_consenter_whose_certificate_is_to_come(wanted: Wanted) -> None:
    """orderer4 takes the place of orderer3: the order of the steps is known before its certificate."""
    authority = {"commonName": "orderer4", "organization": "ordering"}
    wanted.resources = {
        "ca": {"type": "heddle:identity:CertificateAuthority", "inputs": authority},
        **wanted.resources,
    }
    wanted.inputs("channel").update(wanted.channel("124"))
    newcomer = wanted.inputs("channel")["consenters"][-1]
    for key in ("clientTlsCertificate", "serverTlsCertificate"):
        newcomer[key] = {"$output": ["ca", "certificate"]}


@_case(DEPLOYED)
def another_consensus(wanted: Wanted) -> None:
    """Refused: a channel keeps it."""
    wanted.inputs("channel").update({**wanted.channel("1234"), "consensus": "BFT"})


@_case(DEPLOYED)
def chaincode_is_upgraded(wanted: Wanted) -> None:
    """Version and sequence; a policy of its own; another package."""
    wanted.everywhere(
        version="2.0", sequence=2, endorsementPolicy="AND('AlphaMSP.peer', 'BetaMSP.peer')", initRequired=True
    )
    wanted.inputs("package")["label"] = "assets_2"
    for name, one in wanted.resources.items():
        if name.startswith("install-"):
            one["inputs"]["label"] = "assets_2"


@_case(DEPLOYED)
def the_sequence_was_not_raised(wanted: Wanted) -> None:
    """Refused before anything is installed."""
    wanted.everywhere(version="2.0")


@_case(DEPLOYED)
def collections_are_changed(wanted: Wanted) -> None:
    """One gets other numbers, one is added."""
    own = {"name": "own", "policy": "OR('AlphaMSP.member')", "endorsementPolicy": "OR('AlphaMSP.peer')"}
    wanted.everywhere(sequence=2, collections=[{**COLLECTION, "maxPeerCount": 3}, own])


@_case(DEPLOYED)
def a_collection_is_dropped(wanted: Wanted) -> None:
    """Refused: what is in force stays."""
    wanted.everywhere(sequence=2, collections=[])


@_case(DEPLOYED)
def approvals_are_missing(wanted: Wanted) -> None:
    """Beta approves elsewhere: the definition names it."""
    wanted.everywhere(version="2.0", sequence=2)
    del wanted.resources["approval-beta"]
    wanted.resources["definition"]["dependsOn"] = ["approval-alpha"]
    peers = wanted.inputs("definition")["peers"]
    wanted.inputs("definition")["peers"] = [one for one in peers if one["mspId"] == "AlphaMSP"]


@_case(DEPLOYED)
def orderers_restart(wanted: Wanted) -> None:
    """Two of three have another template."""
    wanted.inputs("rollout")["revisions"] |= {"orderer1": "2", "orderer3": "2"}


@_case(DEPLOYED)
def another_peer_under_the_same_name(wanted: Wanted) -> None:
    """Refused: a membership is one peer's."""
    wanted.inputs("member-alpha-peer2")["peer"] = wanted.inputs("member-beta-peer1")["peer"]


@_case(OTHERS)
def others_changes_are_kept(wanted: Wanted) -> None:
    """A timeout here, a number of messages there: both hold."""
    wanted.inputs("channel")["batch"] = {"timeout": "1s"}


@_case(OTHERS)
def others_changes_are_in_conflict(wanted: Wanted) -> None:
    """Both changed the number of messages: refused with both values."""
    wanted.inputs("channel")["batch"] = {"timeout": "200ms", "maxMessageCount": 88}


@_case(AWAY)
def a_ledger_that_does_not_answer(wanted: Wanted) -> None:
    """What is known from the state is told, with a warning that the ledger was not read."""
    wanted.inputs("channel")["batch"] = {"timeout": "1s"}
    wanted.everywhere(version="2.0", sequence=2)
