"""Print one table of figures, each beside its peer in the same run: `make bench`.

`python -m bench identities previews` measures only those, `python -m bench operations/renewal` one operation.
"""

import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from bench import configurations, drills, first_transaction, identities, operations, previews, throughput
from bench.figures import Figure
from bench.place import Place, place

ALONE: dict[str, Callable[[], Iterator[Figure]]] = {
    "identities": identities.measure,
    "configurations": configurations.measure,
}
ON_A_CLUSTER: dict[str, Callable[[Place], Iterator[Figure]]] = {
    "first_transaction": first_transaction.measure,
    "throughput": throughput.measure,
    "previews": previews.measure,
    "operations": operations.measure,
    "drills": drills.measure,
}
ONE_OPERATION: dict[str, str] = {f"operations/{each.name}": each.name for each in operations.OPERATIONS}


def main(wanted: list[str]) -> None:
    """Measure and print, row by row to the error output, the whole table at the end."""
    known = [*ALONE, *ON_A_CLUSTER, *ONE_OPERATION]
    if unknown := set(wanted) - set(known):
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    table = Table("what", "on", "measured", "peer", "ratio", "goal")
    for figure in _figures(set(wanted) or {*ALONE, *ON_A_CLUSTER}):
        row = _row(figure)
        print("  ".join(row), file=sys.stderr, flush=True)
        table.add_row(*row)
    Console(width=150).print(table)


def _figures(wanted: set[str]) -> Iterator[Figure]:
    for name in ALONE:
        if name in wanted:
            yield from ALONE[name]()
    single = [name for each, name in ONE_OPERATION.items() if each in wanted]
    if single or wanted & ON_A_CLUSTER.keys():
        with place() as here:
            for name in ON_A_CLUSTER:
                if name in wanted:
                    yield from ON_A_CLUSTER[name](here)
            if single and "operations" not in wanted:
                yield from operations.measure(here, single)


def _row(figure: Figure) -> tuple[str, ...]:
    peer = f"{_value(figure.peer, figure.unit)} {figure.peer_name}" if figure.peer is not None else "not here"
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    shown = peer if figure.peer_name else ""
    return (figure.what, figure.on, _value(figure.value, figure.unit), shown, ratio, figure.goal)


def _value(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.1f} {unit}"


if __name__ == "__main__":
    main(sys.argv[1:])
