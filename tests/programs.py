"""Programs of others that some tests ask for, and what becomes of a test when they are missing.

A test whose programs are not on PATH is skipped, and the summary of every run says how many were and why.
`HEDDLE_REQUIRE=fabric,pulumi` names kinds of programs that must be there: then such a test fails instead.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

from heddle.images.debian import folder_of

VARIABLE = "HEDDLE_REQUIRE"
DEBIAN = folder_of() / "usr/bin"
"""Where `make prometheus` leaves programs, which it does not install."""
LEFT_OUT = "left out"
"""The property of a report that says which part of a test that passed was not tried."""


@dataclass(frozen=True)
class Kind:
    """Programs that come together, as `HEDDLE_REQUIRE` names them."""

    word: str
    name: str
    programs: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()
    """Paths where installers put a program without changing PATH."""


KINDS = (
    Kind(
        "fabric",
        "Fabric 3.1's own programs",
        ("orderer", "peer", "osnadmin", "configtxgen", "configtxlator", "cryptogen", "discover"),
    ),
    Kind("pulumi", "Pulumi's CLI", ("pulumi", "pulumi-resource-kubernetes")),
    Kind("node", "Node.js", ("node", "npm")),
    Kind("kubectl", "kubectl", ("kubectl",)),
    Kind("go", "Go", ("go",), ("/usr/local/go/bin/go",)),
    Kind("zsh", "the Z shell", ("zsh",)),
    Kind(
        "prometheus",
        "Prometheus and Alertmanager (`make prometheus`)",
        ("promtool", "amtool", "prometheus", "prometheus-alertmanager"),
        tuple(f"{DEBIAN}/{name}" for name in ("promtool", "amtool", "prometheus", "prometheus-alertmanager")),
    ),
    Kind("couchdb", "CouchDB's packed image", ("couchdb.tar",)),
    Kind("fabric-ca", "Fabric CA's own server", ("fabric-ca-server",)),
    Kind("older", "An earlier release of Fabric", ()),
    Kind("clusters", "a local cluster of its own", ()),
)


def required(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Return the words of `HEDDLE_REQUIRE`; raise `pytest.UsageError` for a word that names no kind."""
    words = {word.strip() for word in environment.get(VARIABLE, "").split(",")} - {""}
    known = [kind.word for kind in KINDS]
    if unknown := sorted(words.difference(known)):
        raise pytest.UsageError(f"{VARIABLE}: {', '.join(unknown)} — use any of {', '.join(known)}")
    return frozenset(words)


def path_of(program: str) -> str | None:
    """Return the path of a program, or None where this machine has none."""
    candidates = (program, *(path for path in _kind(program).elsewhere if path.endswith(f"/{program}")))
    return next(filter(None, map(shutil.which, candidates)), None)


def program(name: str) -> str:
    """Return the path of a program that the test cannot do without."""
    need(name)
    return path_of(name) or name


def need(*programs: str) -> None:
    """Skip the test, or fail it where `HEDDLE_REQUIRE` says so, unless all programs are here."""
    if missing := [name for name in programs if path_of(name) is None]:
        unavailable(_kind(missing[0]), f"not on PATH: {', '.join(missing)}")


def unavailable(kind: Kind, reason: str) -> NoReturn:
    """End a test that cannot run: skip it, or fail it where `HEDDLE_REQUIRE` names the kind of programs."""
    text = f"{kind.name}: {reason}"
    if kind.word in required():
        pytest.fail(f"{text} ({VARIABLE} asks for {kind.word})", pytrace=False)
    pytest.skip(text)


def need_asking(kind: Kind) -> None:
    """Skip a test that costs minutes, unless `HEDDLE_REQUIRE` names the kind."""
    if kind.word not in required():
        pytest.skip(f"{kind.name}: only with {VARIABLE}={kind.word}")


def here(name: str, test: pytest.Item) -> bool:
    """Return whether a program is here for a test that also tries it, but passes without.

    The summary then says that this part was not tried; a program that `HEDDLE_REQUIRE` names has to be here.
    """
    if path_of(name):
        return True
    kind = _kind(name)
    if kind.word in required():
        need(name)
    test.user_properties.append((LEFT_OUT, f"{kind.name}: not on PATH: {name}"))
    return False


def needs(*programs: str) -> pytest.MarkDecorator:
    """Return the mark of tests that run with these programs only."""
    return pytest.mark.needs(*programs)


def summary(stats: Mapping[str, Iterable[Any]]) -> list[str]:
    """Return the lines that say which tests a run skipped, which parts of tests it left out, and why."""
    skipped = Counter(_skip_reason(report) for report in stats.get("skipped", ()))
    parts = Counter(
        reason
        for reports in stats.values()
        for report in reports
        for name, reason in {*getattr(report, "user_properties", ())}
        if name == LEFT_OUT and getattr(report, "when", "") == "call"
    )
    lines = [f"skipped, {_tests(number)}: {reason}" for reason, number in skipped.most_common()]
    lines += [f"tried in part, {_tests(number)}: {reason}" for reason, number in parts.most_common()]
    return lines or ["skipped: nothing"]


def _skip_reason(report: Any) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(reason).removeprefix("Skipped: ")


def _tests(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"


def _kind(program: str) -> Kind:
    return next(kind for kind in KINDS if program in kind.programs)


FABRIC, COUCHDB, OLDER, CLUSTERS = _kind("orderer"), _kind("couchdb.tar"), KINDS[-2], KINDS[-1]
