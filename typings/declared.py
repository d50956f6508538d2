"""Make typed dictionaries of the declared objects, as text: one file for programs, one for the provider.

`make stubs` writes both; a test holds them fresh. Heddle itself never runs this.
"""

import textwrap
from pathlib import Path
from typing import Final

from heddle.schema.model import Kind, ListOf, ObjectType, Property
from heddle.schema.package import object_types
from heddle.settings import Boolean, Integer, Size

_HEDDLE: Final = Path(__file__).parent.parent / "heddle"
FILES: Final = {"pulumi.Input": _HEDDLE / "resources" / "arguments.py", "": _HEDDLE / "schema" / "inputs.py"}
"""The files that are made: values wrapped in `pulumi.Input` for programs, and plain as check leaves them."""
_ABOUT: Final = {
    "pulumi.Input": "Describe objects inside arguments: dictionaries with Pulumi's names, values or outputs.",
    "": "Describe objects inside the provider's checked inputs: defaults filled in, none secret or unknown.",
}
_READ: Final = {"Node", "Msp", "Consenter", "Identity", "ClientTls", "Revocation"}
"""Objects that the provider reads key by key; groups of settings are read by their tables."""
_MADE: Final = "Made by `make stubs`; change the declarations, not this."


def typed_dictionaries(wrapper: str) -> str:
    """Return the file of typed dictionaries with this wrapper around each value; an empty one adds none."""
    objects = {name: kind for name, kind in object_types().items() if wrapper or name in _READ}
    imports = "from collections.abc import Sequence\nfrom typing import NotRequired, TypedDict\n"
    if wrapper:
        names = "\n".join(f'    "{name}",' for name in sorted(objects))
        imports += f"\nimport pulumi\n\n__all__ = [\n{names}\n]\n"
    head = f'"""{_ABOUT[wrapper]}\n\n{_MADE}\n"""\n\n{imports}'
    return head + "".join(_class(each, wrapper) for each in objects.values())


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
