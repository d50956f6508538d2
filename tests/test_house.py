"""Promises about the house itself: what every room keeps to."""

import ast
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
