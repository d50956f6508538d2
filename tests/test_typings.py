"""Promises about the type stubs that the repository keeps."""

from typings.generate import HERE, PACKAGE, stubs


def test_the_stubs_are_those_of_the_installed_messages() -> None:
    """A new release of Fabric's messages is checked against its own types: run `make stubs`."""
    kept = {path.relative_to(HERE).as_posix(): path.read_text() for path in (HERE / PACKAGE).rglob("*.pyi")}

    made = stubs()

    assert sorted(kept) == sorted(made)
    assert [path for path in made if kept[path] != made[path]] == []
