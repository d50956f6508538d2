"""Inputs are validated all at once, with messages that a user can act on."""

from typing import Any

import pytest

from heddle.plugin.values import UNKNOWN, Secret
from heddle.provider.checking import check_properties
from heddle.schema import RESOURCES

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
NODE = {"name": "n", "mspId": "M", "host": "h", "port": 7051, "tlsRootCertificates": [PEM]}
CERTIFICATE = {
    "authorityCertificate": PEM,
    "authorityPrivateKey": KEY,
    "commonName": "peer0",
    "usage": "tls",
}


def _check(token: str, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    result = check_properties(RESOURCES[token].inputs, given)
    return result.inputs, {failure.property: failure.reason for failure in result.failures}


def test_defaults_are_filled_in() -> None:
    """Absent inputs take their defaults; absent optional ones stay absent."""
    inputs, failures = _check("heddle:identity:Certificate", CERTIFICATE)
    assert not failures
    assert inputs["validityDays"] == 365
    assert inputs["hosts"] == []
    assert inputs["renewal"] == 0


def test_nested_defaults_are_filled_in() -> None:
    """An absent object has the defaults of its properties, a partial one those it lacks."""
    given = {"batch": {"timeout": "1s"}}
    inputs, _ = _check("heddle:ledger:Channel", given)
    assert inputs["batch"] == {
        "timeout": "1s",
        "maxMessageCount": 500,
        "absoluteMaxBytes": 10485760,
        "preferredMaxBytes": 2097152,
    }
    assert inputs["capabilities"] == {"channel": "V3_0", "orderer": "V2_0", "application": "V2_5"}


def test_keys_become_secrets() -> None:
    """A declared secret is stored as one, though the program gave it in clear."""
    inputs, _ = _check("heddle:identity:Certificate", CERTIFICATE)
    assert inputs["authorityPrivateKey"] == Secret(KEY)


@pytest.mark.parametrize("value", [UNKNOWN, Secret(UNKNOWN)])
def test_unknown_values_pass(value: Any) -> None:
    """What is known after apply is checked after apply, at any depth."""
    node = {**NODE, "tlsRootCertificates": [value], "port": value}
    given = {**CERTIFICATE, "hosts": value, "commonName": value}
    assert not _check("heddle:identity:Certificate", given)[1]
    _, failures = _check("heddle:ledger:PeerMembership", {"peer": node, "orderers": value})
    assert set(failures) == {"channel", "genesisHash", "signer"}


def test_every_problem_at_once() -> None:
    """Each with its path, what was found and what is allowed."""
    given = {
        "commonName": 7,
        "usage": "web",
        "hosts": ["a", ""],
        "validityDays": 0,
        "renewl": 1,
        "authorityCertificate": PEM,
    }
    _, failures = _check("heddle:identity:Certificate", given)
    assert failures == {
        "commonName": "7 - expected a text that is not empty",
        "usage": "'web' - expected one of identity, tls",
        "hosts[1]": "'' - expected a text that is not empty",
        "validityDays": "0 - expected a whole number from 1 to 36500",
        "renewl": "is not a property here; did you mean renewal?",
    }


def test_no_secret_in_a_message() -> None:
    """A bad key is not shown."""
    _, failures = _check("heddle:identity:Certificate", {**CERTIFICATE, "authorityPrivateKey": "swordfish"})
    assert failures == {"authorityPrivateKey": "[secret] - expected PEM text"}


def test_names_must_differ() -> None:
    """Items that are told apart by name have different names."""
    given = {"orderers": [NODE, {**NODE, "host": "other"}]}
    _, failures = _check("heddle:ledger:Channel", given)
    assert failures["orderers[1].name"] == "'n' stands in orderers[0] already; each must be there once"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (True, "true - expected a whole number from 1 to 65535"),
        (1.5, "1.5 - expected a whole number from 1 to 65535"),
        ("7051", "'7051' - expected a whole number from 1 to 65535"),
        (70000, "70000 - expected a whole number from 1 to 65535"),
        ({}, "an object - expected a whole number from 1 to 65535"),
    ],
)
def test_ports(value: Any, reason: str) -> None:
    """A number is a whole number within its bounds, and true is none."""
    _, failures = _check("heddle:ledger:PeerMembership", {"peer": {**NODE, "port": value}})
    assert failures["peer.port"] == reason
