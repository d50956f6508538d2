"""Reading Pulumi.yaml and stack files."""

from pathlib import Path

import pytest

from heddle.errors import EngineError
from heddle.state.project import open_project, open_stack_file


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """Neither list of organizations is forgotten silently; Pulumi's CLI refuses it too."""
    (tmp_path / "Pulumi.yaml").write_text("name: fabric\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  fabric:instance:\n    a: [1]\n    a: [2]\n")

    with pytest.raises(EngineError, match="a is there twice"):
        open_stack_file(open_project(tmp_path), "dev")


def test_anchors_and_merges_are_read(tmp_path: Path) -> None:
    """What a merge brings and the file says again is no key twice."""
    (tmp_path / "Pulumi.yaml").write_text("name: fabric\nruntime: python\n")
    text = "config:\n  a: &a {x: 1, y: 2}\n  b: {<<: *a, x: 3}\n"
    (tmp_path / "Pulumi.dev.yaml").write_text(text)

    assert open_stack_file(open_project(tmp_path), "dev").config["b"] == {"x": 3, "y": 2}
