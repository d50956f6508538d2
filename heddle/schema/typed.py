"""Typed dictionaries of the declared objects, as Python text: one file for programs, one for the provider.

`python -m heddle.schema.typed` writes both; a test holds them fresh.
"""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from heddle.schema.model import Boolean, Integer, Kind, ListOf, MapOf, ObjectType, Property, Size
from heddle.schema.package import RESOURCES

__all__ = ["FILES", "typed_dictionaries"]

_ROOM: Final = Path(__file__).parent.parent
FILES: Final = {"pulumi.Input": _ROOM / "resources" / "arguments.py", "": _ROOM / "schema" / "inputs.py"}
"""The files that are made: values wrapped in `pulumi.Input` for programs, and plain as check leaves them."""
_ABOUT: Final = {
    "pulumi.Input": "Objects inside arguments: dictionaries with Pulumi's names, values or outputs.",
    "": "Objects inside the provider's checked inputs: defaults filled in, nothing secret or unknown.",
}
_MADE: Final = "Made by `python -m heddle.schema.typed`; change the declarations, not this."


def typed_dictionaries(wrapper: str) -> str:
    """Return the file of typed dictionaries with this wrapper around each value; an empty one adds none."""
    objects = _in_order()
    names = "\n".join(f'    "{name}",' for name in sorted(objects))
    imports = "from collections.abc import Sequence\nfrom typing import NotRequired, TypedDict\n"
    if wrapper:
        imports += "\nimport pulumi\n"
    head = f'"""{_ABOUT[wrapper]}\n\n{_MADE}\n"""\n\n{imports}\n__all__ = [\n{names}\n]\n'
    return head + "".join(_class(each, wrapper) for each in objects.values())


def _in_order() -> dict[str, ObjectType]:
    """Return every object that an input mentions, each after those that it holds."""
    found: dict[str, ObjectType] = {}
    for resource in RESOURCES.values():
        for declared in resource.inputs.values():
            found.update({kind.name: kind for kind in _objects(declared.kind) if kind.name not in found})
    return found


def _objects(kind: Kind) -> Iterator[ObjectType]:
    match kind:
        case ListOf(item=inner) | MapOf(value=inner):
            yield from _objects(inner)
        case ObjectType():
            for declared in kind.properties.values():
                yield from _objects(declared.kind)
            yield kind


def _class(kind: ObjectType, wrapper: str) -> str:
    about = textwrap.fill(f'"""{kind.description}"""', 110, initial_indent="    ", subsequent_indent="    ")
    if "\n" in about:
        about = about.removesuffix('"""') + '\n    """'
    fields = "\n".join(f"    {name}: {_field(each, wrapper)}" for name, each in kind.properties.items())
    return f"\n\nclass {kind.name}(TypedDict):\n{about}\n\n{fields}\n"


def _field(declared: Property, wrapper: str) -> str:
    # A program may leave out what has a default; check fills it in, so the provider finds it.
    may_lack = not declared.required if wrapper else declared.default is None and declared.optional
    written = _type(declared.kind, wrapper)
    return f"NotRequired[{written}]" if may_lack else written


def _type(kind: Kind, wrapper: str) -> str:
    match kind:
        case Integer() | Size():
            written = "int"
        case Boolean():
            written = "bool"
        case ListOf(item=item):
            written = f"Sequence[{_type(item, wrapper)}]"
        case ObjectType(name=name):
            written = name
        case _:
            written = "str"
    return f"{wrapper}[{written}]" if wrapper else written


if __name__ == "__main__":
    for way, file in FILES.items():
        file.write_text(typed_dictionaries(way))
