"""Single values of a stack file change; its comments and everything else stay."""

import pytest
import yaml

from heddle.drills.stackfile import edited
from heddle.errors import EngineError
from tests.shipped import shipped_text

TEXT = """\
# What is this stack for?
config:
  fabric:instance:
    name: dev  # as it is called
    ordering:
      nodes: 3  # one may fail
      batch: {timeout: 2s}
    organizations:
      - name: organization
"""


def test_a_value_is_replaced_and_comments_stay() -> None:
    """Also one that becomes a list."""
    changed = edited(TEXT, {("ordering", "nodes"): [0, 1, 3]})

    assert changed == TEXT.replace("nodes: 3", "nodes: [0, 1, 3]")


def test_a_missing_key_is_put_before_the_others() -> None:
    """With the mappings above it, where these are missing too; in a flow mapping as well."""
    changed = edited(
        TEXT, {("certificates", "renew"): {"user@north": 1}, ("ordering", "batch", "messages"): 10}
    )

    instance = yaml.safe_load(changed)["config"]["fabric:instance"]
    assert instance["certificates"] == {"renew": {"user@north": 1}}
    assert instance["ordering"]["batch"] == {"messages": 10, "timeout": "2s"}
    assert "# as it is called" in changed


def test_a_block_is_replaced_whole() -> None:
    """What follows it stays where it was."""
    changed = edited(TEXT, {("ordering",): {"nodes": 1}})

    instance = yaml.safe_load(changed)["config"]["fabric:instance"]
    assert instance["ordering"] == {"nodes": 1}
    assert instance["organizations"] == [{"name": "organization"}]


@pytest.mark.parametrize("stack", ["dev", "enterprise", "couchdb"])
def test_stack_files_that_ship_keep_all_but_what_was_changed(stack: str) -> None:
    """Read again, they differ in that value alone."""
    text = shipped_text(stack)
    before, after = yaml.safe_load(text), yaml.safe_load(edited(text, {("certificates", "validityDays"): 1}))

    after["config"]["fabric:instance"]["certificates"].pop("validityDays")
    if "certificates" not in before["config"]["fabric:instance"]:
        after["config"]["fabric:instance"].pop("certificates")
    assert after == before


def test_a_path_through_a_list_is_refused() -> None:
    """It says where."""
    with pytest.raises(EngineError, match=r"no mapping at config\.fabric:instance\.organizations"):
        edited(TEXT, {("organizations", "name"): "south"})
