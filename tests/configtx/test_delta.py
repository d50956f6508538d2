"""The difference of two configurations."""

import json
from pathlib import Path

import pytest
from fabric_protos.common import configtx_pb2

from heddle.configtx.delta import compute_update
from heddle.errors import ConfigtxError, NoDifference

CASES = Path(__file__).parents[1] / "cases" / "configtx"
INDEX = json.loads((CASES / "index.json").read_text())


def config(name: str) -> configtx_pb2.Config:
    return configtx_pb2.Config.FromString((CASES / name).read_bytes())


@pytest.mark.parametrize("name", sorted(INDEX))
def test_every_recorded_answer(name: str) -> None:
    """Equal to what configtxlator 3.1.5 answered, or its very words."""
    original, updated = config("original.pb"), config(f"{name}.updated.pb")
    if "error" in INDEX[name]:
        with pytest.raises(NoDifference) as caught:
            compute_update("trade", original, updated)
        assert str(caught.value) in INDEX[name]["error"]
        return
    recorded = configtx_pb2.ConfigUpdate.FromString((CASES / INDEX[name]["update"]).read_bytes())
    assert compute_update("trade", original, updated) == recorded


def test_there_are_thirty_of_them() -> None:
    """None was lost on the way here."""
    assert len(INDEX) == 30


def test_a_config_without_a_tree_is_refused() -> None:
    """In configtxlator's words."""
    with pytest.raises(ConfigtxError, match="no channel group included for updated config"):
        compute_update("trade", config("original.pb"), configtx_pb2.Config())
