"""The tables of options in the documentation."""

from pathlib import Path

import yaml

from heddle.spec.instance import Instance
from heddle.spec.load import parse_instance
from heddle.spec.table import MARK, tables
from tests.shipped import shipped_names

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "stack-file.md"


def test_the_tables_in_the_documentation_are_fresh() -> None:
    """Make them anew: sed -i '/^<!-- Made by/,$d' docs/stack-file.md; python -m heddle.spec.table >> it."""
    written, mark, made = PAGE.read_text().partition(MARK)

    assert written.startswith("# The stack file")
    assert mark + made == tables()


def test_every_option_has_its_row_and_its_meaning() -> None:
    """A field without documentation would be an empty cell."""
    rows = [line for line in tables().splitlines() if line.startswith("| `")]

    assert {f"`{field.alias}`" for field in Instance.model_fields.values()} <= {
        row.split(" | ")[0].removeprefix("| ") for row in rows
    }
    assert [row for row in rows if row.endswith("|  |")] == []
    assert {len(row.split(" | ")) for row in rows} == {4}


def test_every_link_between_tables_leads_to_one() -> None:
    """Links are made of the same titles as the headings."""
    made = tables()
    headings = {
        line.removeprefix("## ").lower().replace(" ", "-")
        for line in made.splitlines()
        if line.startswith("## ")
    }

    assert {part.split(")")[0] for part in made.split("](#")[1:]} <= headings


def test_the_smallest_file_of_the_documentation_is_valid() -> None:
    """And is what the page says: three orderers, two peers, protected."""
    example = yaml.safe_load(PAGE.read_text().split("```yaml")[1].split("```")[0])

    instance = parse_instance(example["config"]["fabric:instance"], source="docs")

    assert (len(instance.ordering.indices), instance.organizations[0].peers) == (3, 2)
    assert not instance.disposable


def test_the_page_names_every_stack_that_ships() -> None:
    """A reader finds each of them."""
    page = PAGE.read_text()

    assert [name for name in shipped_names() if f"Pulumi.{name}.yaml" not in page] == []
