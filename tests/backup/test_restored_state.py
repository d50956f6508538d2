"""The state after a restore: what keys and ledgers say stays, what went with the cluster is made anew."""

import json
from typing import Any

import pytest

from heddle.backup.restoring.state import restored_checkpoint
from heddle.errors import BackupError

CASES = {
    "pulumi:pulumi:Stack": True,
    "heddle:fabric:Node": True,
    "pulumi:providers:kubernetes": True,
    "heddle:kubernetes:NamespaceOwnership": True,
    "heddle:kubernetes:VolumeTerms": True,
    "kubernetes:core/v1:Namespace": True,
    "kubernetes:core/v1:PersistentVolumeClaim": True,
    "heddle:identity:CertificateAuthority": True,
    "heddle:identity:Certificate": True,
    "heddle:identity:Password": True,
    "heddle:ledger:Channel": True,
    "heddle:chaincode:ChaincodePackage": True,
    "heddle:chaincode:ChaincodeApproval": True,
    "heddle:chaincode:ChaincodeDefinition": True,
    "kubernetes:core/v1:Secret": False,
    "kubernetes:core/v1:Service": False,
    "kubernetes:apps/v1:StatefulSet": False,
    "kubernetes:apps/v1:Deployment": False,
    "heddle:kubernetes:Rollout": False,
    "heddle:kubernetes:Volumes": False,
    "heddle:ledger:PeerMembership": False,
    "heddle:chaincode:ChaincodeInstallation": False,
}
"""Whether a type of resource outlives the cluster."""


def urn(kind: str) -> str:
    return f"urn:pulumi:dev::fabric::{kind}::it"


def checkpoint(**more: Any) -> bytes:
    resources: list[dict[str, Any]] = [{"urn": urn(kind), "type": kind, "custom": True} for kind in CASES]
    latest = {
        "resources": [{**each, **more.get(each["type"], {})} for each in resources],
        "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:…"}},
        "pending_operations": [{"type": "creating"}],
    }
    return json.dumps({"version": 3, "checkpoint": {"stack": "dev", "latest": latest}}).encode()


def resources(content: bytes) -> dict[str, Any]:
    latest = json.loads(restored_checkpoint(content, cluster_identifier="new"))["checkpoint"]["latest"]
    return {each["type"]: each for each in latest["resources"]}


@pytest.mark.parametrize("kind", CASES)
def test_a_type_stays_or_goes(kind: str) -> None:
    """Each type as the table says."""
    assert (kind in resources(checkpoint())) == CASES[kind]


def test_nothing_refers_to_what_is_lost() -> None:
    """The state would be refused: dependencies, by property and as a whole, and what it is deleted with."""
    lost, kept = urn("kubernetes:apps/v1:StatefulSet"), urn("heddle:identity:Certificate")
    channel = {
        "dependencies": [kept, lost],
        "propertyDependencies": {"orderers": [lost, kept], "signers": [lost]},
        "deletedWith": lost,
    }
    found = resources(checkpoint(**{"heddle:ledger:Channel": channel}))["heddle:ledger:Channel"]
    assert found["dependencies"] == [kept]
    assert found["propertyDependencies"] == {"orderers": [kept], "signers": []}
    assert "deletedWith" not in found


def test_what_was_to_be_deleted_or_replaced_is_gone() -> None:
    """The cluster lost it, so nothing is left to delete."""
    gone = {"kubernetes:core/v1:PersistentVolumeClaim": {"delete": True}}
    assert "kubernetes:core/v1:PersistentVolumeClaim" not in resources(checkpoint(**gone))


def test_the_cluster_has_the_stack_files_name_and_secrets_their_salt() -> None:
    """Another identifier would replace the namespace; operations of the former run are over."""
    content = checkpoint(**{"pulumi:providers:kubernetes": {"inputs": {"clusterIdentifier": "old", "x": 1}}})
    provider = resources(content)["pulumi:providers:kubernetes"]
    assert provider["inputs"] == {"clusterIdentifier": "new", "x": 1}
    assert provider["outputs"] == {"clusterIdentifier": "new"}
    latest = json.loads(restored_checkpoint(content, cluster_identifier="new"))["checkpoint"]["latest"]
    assert "pending_operations" not in latest
    assert latest["secrets_providers"]["state"]["salt"] == "v1:…"


def test_twice_is_like_once() -> None:
    """A restore that is run again finds the state as it has written it."""
    once = restored_checkpoint(checkpoint(), cluster_identifier="new")
    assert restored_checkpoint(once, cluster_identifier="new") == once


@pytest.mark.parametrize("content", [b"", b"{}", b'{"checkpoint": {}}', b"[1]"])
def test_what_is_no_state_is_refused(content: bytes) -> None:
    """With an error that says what to do."""
    with pytest.raises(BackupError, match="state in the backup"):
        restored_checkpoint(content, cluster_identifier="new")
