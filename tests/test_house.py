"""Promises about the house itself: what every room keeps to."""

import ast
import io
import re
import tokenize
import tomllib
from pathlib import Path

import heddle.errors as errors

ROOT = Path(__file__).parent.parent


def test_every_error_is_in_the_drawn_tree() -> None:
    """The tree in the docstring, `__all__` and the classes are one and the same list."""
    classes = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, Exception)}

    assert sorted(classes) == sorted(errors.__all__)
    assert all(name in (errors.__doc__ or "") for name in classes)


def test_no_test_file_is_left_out() -> None:
    """A file that holds tests has a name that pytest collects; otherwise it would never run."""
    lost = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if not path.name.startswith("test_")
        and any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
            for node in ast.walk(ast.parse(path.read_text()))
        )
    ]

    assert lost == []


def test_the_lock_names_no_index() -> None:
    """A lock file works behind any mirror: it names packages and hashes, never a host."""
    assert "://" not in (ROOT / "requirements.lock").read_text()


def _layers() -> list[str]:
    """Return the rooms that the layers contract names."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (one for one in tool["contracts"] if one.get("containers") == ["heddle"])
    assert contract["exhaustive"]
    return [room.strip() for layer in contract["layers"] for room in re.split(r"[|:]", layer)]


def test_every_room_stands_in_the_layers_contract() -> None:
    """A new room says where it stands: above all that it imports, below all that import it."""
    rooms = {path.stem for path in (ROOT / "heddle").iterdir() if path.suffix == ".py" or _is_room(path)}

    assert sorted(_layers()) == sorted(rooms - {"__init__"})


def test_every_room_is_on_the_page_of_rooms() -> None:
    """ARCHITECTURE.md says of each what it does; `embedded` has a line for each of its parts."""
    page = (ROOT / "ARCHITECTURE.md").read_text()

    assert [each for each in _layers() if f"`{each}/" not in page and f"`{each}.py`" not in page] == []


def test_every_decision_is_in_the_index() -> None:
    """By its file and its title, in the order in which they were taken."""
    folder = ROOT / "docs/adr"
    titles = {path.name: path.read_text().splitlines()[0] for path in sorted(folder.glob("0*.md"))}
    numbered = [f"{title.lstrip('# ').replace('. ', '. [', 1)}]({name})" for name, title in titles.items()]

    assert [
        line for line in (folder / "README.md").read_text().splitlines() if line[:1].isdigit()
    ] == numbered


def _is_room(path: Path) -> bool:
    return (path / "__init__.py").exists()


_REASON = re.compile(r"#(?! (noqa|type:))")


def test_an_import_inside_a_function_says_what_it_saves() -> None:
    """In a comment above it or beside it; else it stands at the top, where readers look for it."""
    folders = ("heddle", "components", "provider", "playbooks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    silent = {str(path.relative_to(ROOT)) for path in files if _silent_imports(path.read_text())}

    assert len(files) > 300
    assert silent == set()


def _silent_imports(source: str) -> list[int]:
    """Return the lines of imports inside functions that have no comment."""
    lines = source.splitlines()
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                above = node.lineno - 2
                while lines[above].lstrip().startswith(("import ", "from ")):
                    above -= 1
                if not any(_REASON.search(lines[place]) for place in (above, node.lineno - 1)):
                    found.append(node.lineno)
    return found


def test_a_silent_import_is_seen() -> None:
    """The check above can fail."""
    assert _silent_imports("def f():\n    import a\n    import b  # noqa: PLC0415\n") == [2, 3]
    assert (
        _silent_imports("import a\ndef f():\n    # Saves: 100 ms\n    import a\n    from b import c\n") == []
    )


_IGNORED = re.compile(r"# (?:ruff: )?(?:noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*|type: ignore\[[a-z, -]+\])")


def test_an_ignored_rule_has_its_reason_beside_it() -> None:
    """In the same line, behind the rule: whoever reads it need not guess whether it still holds."""
    folders = ("heddle", "components", "provider", "playbooks", "tests", "bench")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    silent = {str(path.relative_to(ROOT)): _silent_ignores(path.read_text()) for path in files}

    assert {path: lines for path, lines in silent.items() if lines} == {}


def _silent_ignores(source: str) -> list[int]:
    """Return the lines whose comments ignore a rule and say nothing else."""
    if "noqa" not in source and "type: ignore" not in source:
        return []
    comments = (
        each
        for each in tokenize.generate_tokens(io.StringIO(source).readline)
        if each.type == tokenize.COMMENT
    )
    return [
        each.start[0]
        for each in comments
        if _IGNORED.search(each.string) and not re.search(r"\w", _IGNORED.sub("", each.string))
    ]


def test_a_silent_ignore_is_seen() -> None:
    """The check above can fail."""
    assert _silent_ignores("f()  # noqa: S603\ng()  # type: ignore[misc]  # noqa: S603, S607\n") == [1, 2]
    assert _silent_ignores("f()  # noqa: S603 - an argv list\ng()  # type: ignore[misc]  # why\n") == []
