"""Promises about what pruning removes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.backup.retention import superfluous, unreferenced
from tests.backup.samples import item, manifest

NAMES = st.lists(st.integers(0, 99).map("{:02}".format), unique=True).map(sorted)


@given(NAMES, st.integers(1, 30))
def test_the_newest_stay(names: list[str], keep: int) -> None:
    """As many as were asked for, and so never none."""
    removed = superfluous(names, keep)

    assert names[len(removed) :] == names[-keep:]
    assert len(names) - len(removed) == min(len(names), keep)


def test_not_even_by_request_the_last_one_goes() -> None:
    with pytest.raises(ValueError, match="at least one"):
        superfluous(["a"], 0)


def test_an_object_stays_while_any_backup_needs_it() -> None:
    old, new = manifest(state=item("old")), manifest(state=item("new"))
    objects = [*old.objects(), *new.objects(), "left"]

    assert unreferenced(objects, [old, new]) == ["left"]
    assert set(unreferenced(objects, [new])) == {"left", *old.state.pieces[0].sha256.split()}
