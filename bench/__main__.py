"""`make bench`: one table; a figure whose peer is not on this machine says so."""

from rich.console import Console
from rich.table import Table

from bench.first_transaction import measure


def main() -> None:
    """Measure and print."""
    table = Table("what", "on", "seconds", "goal")
    for row in measure():
        table.add_row(row.what, row.nodes, f"{row.seconds:.1f}", row.goal)
    Console().print(table)


if __name__ == "__main__":
    main()
