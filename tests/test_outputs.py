"""The stack's output, read back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.errors import EngineError
from heddle.network.instance import InstanceOutput, instance_of
from tests.cli.instances import plain_instance


def test_things_are_found_by_name() -> None:
    """And what is not there is answered with what is."""
    instance = instance_of(plain_instance())

    assert instance.organization("one").msp_id == "OneMSP"
    with pytest.raises(EngineError, match=r"no organization 'none'[^$]*There is: one, orderer, two"):
        instance.organization("none")
    with pytest.raises(EngineError, match=r"no channel 'x'[^$]*There is: channel"):
        instance.channel("x")
    with pytest.raises(EngineError, match=r"no chaincode 'x'[^$]*There is: assets"):
        instance.chaincode("x")
    with pytest.raises(EngineError, match=r"no user 'x'[^$]*It has: admin, user"):
        instance.organization("one").signer("x")


def test_nodes_are_what_the_clients_take() -> None:
    """Bytes, ports and the pod to forward to."""
    node = instance_of(plain_instance()).orderers[0].node()

    assert (node.pod, node.port, node.admin_port) == ("orderer0-orderer-0", 7050, 9443)
    assert node.tls_root_certificates == (b"tls root of orderer\n",)


@pytest.mark.parametrize("missing", ["name", "orderers", "organizations", "adminTls", "kubeconfig"])
def test_an_unfinished_output_is_an_answer(missing: str) -> None:
    """An `up` that failed half-way leaves holes; the next step is said."""
    data: dict[str, Any] = plain_instance()
    del data[missing]

    with pytest.raises(EngineError, match="run `up` once more"):
        instance_of(data)


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in plain data."""
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in entries for place in _places(value, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_an_output_of_any_shape_is_an_answer(data: st.DataObject) -> None:
    """A state that another program wrote: something else anywhere in it is no traceback."""
    plain = plain_instance()
    *parents, last = data.draw(st.sampled_from(_places(plain)[1:]))
    place: Any = plain
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
        instance = instance_of(plain)
    except EngineError as error:
        assert "key of" not in str(error)  # noqa: PT017 - both outcomes are right
    else:
        # Of the kinds that are promised, so nothing fails further on.
        assert instance.client_tls().private_key
        assert all(node.node().at() for node in (*instance.orderers, *instance.peers))
        assert all(isinstance(one.sequence, int) for one in instance.chaincodes.values())


def test_no_key_is_shown_by_accident() -> None:
    """A representation in a log or a traceback has none."""
    shown = repr(instance_of(plain_instance()))

    assert "key of" not in shown
    assert "kubeconfig text" not in shown
    assert "OneMSP" in shown
    assert isinstance(instance_of(plain_instance()), InstanceOutput)
