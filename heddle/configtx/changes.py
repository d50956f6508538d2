"""Tell what changes between two configurations, element by element, in lines for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from fabric_protos.common import configtx_pb2

from heddle.configtx.contents import EMPTY, Tree, element_tree
from heddle.configtx.elements import Element, element_map

__all__ = ["ElementChange", "element_changes", "tree_changes"]

_LONGEST: Final = 60
"""Characters of old and new together that stand in one line."""
_MATCHED: Final = 1_000_000
"""Pairs of list items at most that are compared: lists come from others, and comparing is quadratic."""


@dataclass(frozen=True, kw_only=True)
class ElementChange:
    """Describe one element that changes.

    key: Fabric's name of it ("[Value]  /Channel/Orderer/BatchTimeout").
    what: "new", "removed" or "version 0 → 1".
    lines: every field that changes, old and new; of an element that is new or removed all its fields.
    """

    key: str
    what: str
    lines: tuple[str, ...]

    def text(self) -> list[str]:
        """Return the element in lines for people, its fields indented."""
        return [f"{self.key}: {self.what}", *(f"  {line}" for line in self.lines)]


def element_changes(
    before: configtx_pb2.ConfigGroup, after: configtx_pb2.ConfigGroup
) -> tuple[ElementChange, ...]:
    """Return every element that is not the same in both trees, in the order of their paths.

    Raises ConfigtxError for a name that Fabric refuses.
    """
    old, new = element_map(before), element_map(after)
    keys = sorted({**old, **new}, key=lambda key: (key.split("/")[1:], key))
    return tuple(change for key in keys if (change := _change(key, old.get(key), new.get(key))))


def _change(key: str, old: Element | None, new: Element | None) -> ElementChange | None:
    if new is None:
        assert old is not None  # noqa: S101 - the key is of one of them
        return ElementChange(
            key=key,
            what=f"removed, was version {old.version}",
            lines=tuple(_whole(element_tree(key, old), "")),
        )
    if old is None:
        version = f", version {new.version}" if new.version else ""
        return ElementChange(key=key, what=f"new{version}", lines=tuple(_whole(element_tree(key, new), "")))
    lines = tuple(tree_changes(element_tree(key, old), element_tree(key, new)))
    if old.version == new.version and not lines:
        return None
    same = old.version == new.version
    what = f"version {old.version}, as before" if same else f"version {old.version} → {new.version}"
    if not lines and not isinstance(new.message, configtx_pb2.ConfigGroup):
        what += ", nothing else changes"
    return ElementChange(key=key, what=what, lines=lines)


def tree_changes(old: Tree, new: Tree, path: str = "") -> Iterator[str]:
    """Yield the differences of two trees: "timeout: 2s → 3s", or two lines where they are long."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            below = _join(path, name)
            if name not in new:
                yield from _all(old[name], below, "-")
            elif name not in old:
                yield from _all(new[name], below, "+")
            else:
                yield from tree_changes(old[name], new[name], below)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_changes(old, new, path)
    elif isinstance(old, str) and isinstance(new, str):
        yield from _text_change(old, new, path)
    else:
        yield from _all(old, path, "-")
        yield from _all(new, path, "+")


def _text_change(old: str, new: str, path: str) -> Iterator[str]:
    if len(old) + len(new) <= _LONGEST:
        yield f"{path}: {old} → {new}"
    else:
        yield f"- {path}: {old}"
        yield f"+ {path}: {new}"


def _list_changes(old: Sequence[Tree], new: Sequence[Tree], path: str) -> Iterator[str]:
    """Yield what is put in, taken out and replaced, each with its place: that says also the new order."""
    for tag, first, last, begin, end in _opcodes([repr(item) for item in old], [repr(item) for item in new]):
        if tag == "equal":
            continue
        gone, come = old[first:last], new[begin:end]
        pairs = min(len(gone), len(come))
        for index in range(pairs):
            place = f"{path}[{first + index}{'' if first == begin else f'→{begin + index}'}]"
            label = _label(gone[index])
            if label and label == _label(come[index]):
                yield from tree_changes(gone[index], come[index], f"{place} {label}")
            else:
                yield from _all(gone[index], f"{path}[{first + index}]", "-")
                yield from _all(come[index], f"{path}[{begin + index}]", "+")
        for index, item in enumerate(gone[pairs:], first + pairs):
            yield from _all(item, f"{path}[{index}]", "-")
        for index, item in enumerate(come[pairs:], begin + pairs):
            yield from _all(item, f"{path}[{index}]", "+")


def _opcodes(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    if len(old) * len(new) > _MATCHED:
        return [("replace", 0, len(old), 0, len(new))]
    return list(SequenceMatcher(None, old, new, autojunk=False).get_opcodes())


def _label(item: Tree) -> str:
    """Return the address of a consenter or an anchor peer: a place in a list tells nobody which it is."""
    if isinstance(item, dict) and {"host", "port"} <= item.keys():
        return f"{item['host']}:{item['port']}"
    return ""


def _all(tree: Tree, path: str, sign: str) -> Iterator[str]:
    for line in _whole(tree, path):
        yield f"{sign} {line}"


def _whole(tree: Tree, path: str) -> Iterator[str]:
    """Yield a line for every text of a tree, and for a message that is there, but empty.

    A list without items is not there at all, and an absent certificate needs no line either.
    """
    if isinstance(tree, str):
        if tree != EMPTY:
            yield f"{path}: {tree}"
    elif isinstance(tree, dict):
        lines = [line for name, below in tree.items() for line in _whole(below, _join(path, name))]
        yield from lines or [f"{path}: (empty)"]
    else:
        for index, item in enumerate(tree):
            yield from _whole(item, f"{path}[{index}]")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
