"""The stack's outputs, read back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.errors import EngineError
from heddle.network.instance import NodeOutput, read_access, read_instance
from heddle.network.network import Network, network_of
from heddle.network.oldoutput import split_old_output
from heddle.network.records import write_record, written
from heddle.plugin.values import Secret
from tests.network.samples import (
    encrypted_old_instance,
    old_instance,
    plain_access,
    plain_instance,
    sample_network,
)


def test_things_are_found_by_name() -> None:
    """And what is not there is answered with what is."""
    network = sample_network()
    instance = network.instance

    assert instance.organization("one").msp_id == "OneMSP"
    with pytest.raises(EngineError, match=r"no organization 'none'[^$]*There is: one, orderer, two"):
        instance.organization("none")
    with pytest.raises(EngineError, match=r"no channel 'x'[^$]*There is: channel"):
        instance.channel("x")
    with pytest.raises(EngineError, match=r"no chaincode 'x'[^$]*There is: assets"):
        instance.chaincode("x")
    with pytest.raises(EngineError, match=r"no user 'x'[^$]*It has: admin, user"):
        network.signer("one", "x")


def test_nodes_are_what_the_clients_take() -> None:
    """Bytes, ports and the pod to forward to."""
    node = sample_network().orderers[0]

    assert (node.pod, node.port, node.admin_port) == ("orderer0-orderer-0", 7050, 9443)
    assert node.tls_root_certificates == (b"tls root of orderer\n",)


def test_what_is_written_is_what_is_read() -> None:
    """One table of fields serves both ways."""
    network = sample_network()

    assert write_record(network.instance) == plain_instance()
    assert write_record(network.access) == plain_access()


def test_a_field_cannot_be_forgotten_or_misspelt() -> None:
    """Components write records whose values are not known yet: the fields are checked all the same."""
    with pytest.raises(TypeError, match=r"NodeOutput: fields are missing: host, msp_id"):
        written(NodeOutput, name="peer0")
    fields = dict.fromkeys(NodeOutput.__dataclass_fields__, "")
    with pytest.raises(TypeError, match=r"NodeOutput: there are no fields hots"):
        written(NodeOutput, **fields, hots="")


def test_an_output_from_before_there_were_two_is_still_read() -> None:
    """Its secrets go to the credentials, and what it lacks was not there to have."""
    network = network_of("dev", {"instance": encrypted_old_instance()})

    assert network == sample_network()
    assert "key of" not in str(write_record(network.instance))


@pytest.mark.parametrize("output", ["instance", "access"])
@pytest.mark.parametrize(
    ("version", "words"),
    [
        (None, "has no version\n.*`heddle up` once more"),
        (2, "has version 2; this Heddle reads 1\n.*Use the Heddle that wrote it"),
        (0, "has version 0; this Heddle reads 1"),
        ("1", r"version: a whole number expected, text found"),
    ],
)
def test_an_output_of_another_version_is_refused_by_name(output: str, version: object, words: str) -> None:
    """Its fields may mean something else."""
    outputs: dict[str, Any] = {"instance": plain_instance(), "access": plain_access()}
    outputs[output]["version"] = version

    with pytest.raises(EngineError, match=f"`{output}`.*{words}"):
        network_of("dev", outputs | {"access": Secret(outputs["access"])})


def test_credentials_in_clear_are_refused() -> None:
    """A kubeconfig can name a command: whoever edits the state without its passphrase must not run one."""
    with pytest.raises(EngineError, match="output `access` is not encrypted"):
        network_of("dev", {"instance": plain_instance(), "access": plain_access()})
    with pytest.raises(EngineError, match=r"output `instance.kubeconfig` is not encrypted"):
        network_of("dev", {"instance": old_instance()})


@pytest.mark.parametrize(
    "place",
    ["kubeconfig", "adminTls.privateKey", "organizations.one.admin.privateKey"],
)
def test_every_credential_of_an_old_output_must_have_been_encrypted(place: str) -> None:
    """A key in clear was planted, like a kubeconfig in clear."""
    old = encrypted_old_instance()
    *parents, last = place.split(".")
    owner = old
    for key in parents:
        owner = owner[key]
    owner[last] = "planted"

    with pytest.raises(EngineError, match=f"output `instance.{place}` is not encrypted"):
        network_of("dev", {"instance": old})


def test_a_stack_without_a_network_says_how_to_make_one() -> None:
    """Also one whose first `up` ended between its two outputs."""
    with pytest.raises(EngineError, match=r"no network yet\n.*heddle up dev"):
        network_of("dev", {})
    with pytest.raises(EngineError, match=r"no output `access`.*\n.*heddle up dev"):
        network_of("dev", {"instance": plain_instance()})


@pytest.mark.parametrize("missing", ["name", "orderers", "organizations", "adminTlsCertificate"])
def test_an_unfinished_output_is_an_answer(missing: str) -> None:
    """An `up` that failed half-way leaves holes; the next step is said."""
    data = plain_instance()
    del data[missing]

    with pytest.raises(EngineError, match=rf"`instance` is not complete: instance.{missing}.*\n.*once more"):
        read_instance(data)


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in plain data."""
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in entries for place in _places(value, (*path, key)))]


def _network(outputs: dict[str, Any]) -> Network:
    old = split_old_output(outputs["instance"])
    instance, access = old or (outputs["instance"], outputs["access"])
    return Network(instance=read_instance(instance), access=read_access(access))


@settings(max_examples=300)
@given(st.data())
def test_an_output_of_any_shape_is_an_answer(data: st.DataObject) -> None:
    """A state that another program wrote: something else anywhere in it is no traceback."""
    outputs = {"instance": plain_instance(), "access": plain_access()}
    if data.draw(st.booleans()):
        outputs["instance"] = old_instance()
    *parents, last = data.draw(st.sampled_from(_places(outputs)[1:]))
    place: Any = outputs
    for key in parents:
        place = place[key]
    place[last] = data.draw(
        st.none()
        | st.booleans()
        | st.floats()
        | st.text(max_size=5)
        | st.just([])
        | st.just({})
        | st.just([1])
    )

    try:
        network = _network(outputs)
    except EngineError as error:
        assert "key of" not in str(error)  # noqa: PT017 - both outcomes are right
    else:
        # Of the kinds that are promised, so nothing fails further on.
        instance = network.instance
        assert network.client_tls().private_key is not None
        assert all(node.at() for node in network.orderers)
        assert all(isinstance(each.sequence, int) for each in instance.chaincodes.values())
        assert read_instance(write_record(instance)) == instance


def test_no_key_is_shown_by_accident() -> None:
    """A representation in a log or a traceback has none."""
    shown = repr(sample_network())

    assert "key of" not in shown
    assert "kubeconfig text" not in shown
    assert "OneMSP" in shown


def test_an_external_organization_acts_for_no_channel() -> None:
    """Its keys are elsewhere, wherever the channel lists it."""
    instance, access = plain_instance(), plain_access()
    instance["channels"]["channel"]["organizations"] = ["two", "one"]
    instance["organizations"]["two"]["users"] = {}
    instance["peers"].pop()
    del access["userKeys"]["two"]
    network = sample_network(instance, access)

    (acting,) = network.representatives("channel")

    assert (acting.organization.name, acting.signer.msp_id) == ("one", "OneMSP")
    assert [peer.name for peer in acting.peers] == ["peer0-one"]
    del access["userKeys"]["one"]
    with pytest.raises(EngineError, match="no organization of it has its keys in this stack"):
        sample_network(instance, access).administrator("channel")
