"""Which runbooks there are, and what they can be told."""

import pytest

from heddle.errors import RunbookError
from heddle.runbooks.catalog import PLAYBOOKS, find_runbook, runbooks


def test_the_catalog_is_the_playbooks() -> None:
    """Each verb has a title and variables, and is short enough to be read aloud."""
    found = {one.name: one for one in runbooks()}

    assert {"clean-residue", "rejoin-peer"} <= set(found)
    assert found["rejoin-peer"].title == "Rejoin a peer whose ledger is broken"
    assert next(one for one in found["rejoin-peer"].variables if one.name == "peer").required
    assert all(len(one.path.read_text().splitlines()) < 130 for one in found.values())


def test_every_runbook_has_its_page() -> None:
    """And every playbook's variable stands in it."""
    docs = PLAYBOOKS.parent / "docs/operations"
    for one in runbooks():
        page = (docs / f"runbook-{one.name}.md").read_text(encoding="utf-8")
        assert [each.name for each in one.variables if f"`{each.name}`" not in page] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "peer: is needed"),
        ({"peer": "p", "foo": "1"}, "foo: there is no such variable"),
        ({"peer": "p", "remedy": "hope"}, "allowed: auto, rebuild, refetch, set-aside"),
        ({"peer": "p", "patience": "long"}, "patience: 'long' — a whole number is expected"),
    ],
)
def test_variables_are_checked_first(given: dict[str, str], said: str) -> None:
    """Before anything is looked at."""
    with pytest.raises(RunbookError, match=said):
        find_runbook("rejoin-peer").check(given)


def test_a_playbook_gets_every_variable_of_its_kind() -> None:
    """Defaults stand in the runbook's folder alone; a list is written with commas."""
    values = find_runbook("rejoin-peer").values({"peer": "p", "other_holders": "A, B"})

    assert values == {"peer": "p", "remedy": "auto", "other_holders": ["A", "B"], "patience": 300}
    assert find_runbook("rejoin-peer").values({"peer": "p"})["other_holders"] == []


def test_an_unknown_runbook_names_those_there_are() -> None:
    """A typo costs one look."""
    with pytest.raises(RunbookError) as error:
        find_runbook("rejoin")
    assert ", ".join(each.name for each in runbooks()) in str(error.value)
