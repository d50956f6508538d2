"""Make tables of a stack file's options from the models: the end of docs/stack-file.md."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator, WrapValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from heddle.settings import DEFAULT_RESOURCES
from heddle.spec.editions import EDITIONS, Edition
from heddle.spec.entries import NameOrMapping, TrueOrMapping
from heddle.spec.fields import Reader
from heddle.spec.former import check_former_domain
from heddle.spec.indices import IndicesRule
from heddle.spec.instance import Instance
from heddle.spec.kinds import check_period, check_processors, check_quantity
from heddle.spec.metadata import check_metadata
from heddle.spec.model import Section, section_in
from heddle.spec.monitoring import check_host_port, check_mail, check_url
from heddle.spec.names import NameRule
from heddle.spec.ordering import Bft
from heddle.spec.policies import check_endorsement, check_members, check_policy
from heddle.spec.public import check_public_address
from heddle.spec.references import check_image, check_registry

MARK = "<!-- Made by `python -m heddle.spec.table`; change the models, not this. -->"
"""Begins what is made; all above it is written by hand."""

_IN_WORDS: dict[object, str] = {
    check_period: "days or hours, as `30d` or `36h`",
    check_processors: "processors, as `2` or `500m`",
    check_quantity: "quantity, as `10Gi`",
    check_registry: "registry and path",
    check_endorsement: "`any`, `all`, `majority`, expression or path",
    check_members: "expression",
    check_policy: "expression or path",
    check_host_port: "host and port",
    check_image: "image",
    check_mail: "address of mail",
    check_metadata: "path of a folder, or mapping of path to text",
    check_former_domain: "`none` or a DNS domain",
    check_url: "address, as `https://…`",
    check_public_address: "`auto`, `none`, an IP address or a DNS name",
}
"""The words for what a validator allows, by its function."""
_QUOTAS = (
    ("Organizations of its own", "organizations"),
    ("External organizations", "invited"),
    ("Peers of each organization", "peers"),
    ("Ordering nodes", "orderers"),
    ("Channels", "channels"),
)
_UNLIMITED = 2**31 - 1
"""A greater maximum is only the limit of the field on the wire, of no use to a reader."""


def tables() -> str:
    """Return Markdown: a table for every section of a stack file, then one of the editions."""
    places: dict[type[Section], list[str]] = {}
    for place, section in _sections(Instance, ""):
        places.setdefault(section, []).append(place)
    sections = (_table(section, where) for section, where in places.items())
    parts = [MARK, *sections, _resources(), _editions()]
    return "\n\n".join(parts) + "\n"


def _sections(section: type[Section], place: str) -> Iterator[tuple[str, type[Section]]]:
    """Return every section with its place, as `channels[].batch`; what is above comes first."""
    yield place, section
    for name, field in section.model_fields.items():
        inner, suffix = section_in(field.annotation)
        if inner is not None:
            key = f"{place}.{field.alias or name}" if place else field.alias or name
            yield from _sections(inner, f"{key}{suffix}")


def _table(section: type[Section], places: list[str]) -> str:
    where = f"At {', '.join(f'`{place}`' for place in places)}. " if places != [""] else ""
    title = _title(section) if where else "The instance"
    about = " ".join((section.__doc__ or "").split())
    rows = [_row(name, field) for name, field in section.model_fields.items()]
    head = ["| option | values | default | |", "|---|---|---|---|"]
    return "\n".join([f"## {title}", f"{where}{about}", "", *head, *rows])


def _title(section: type[Section]) -> str:
    """Return the title of a section: Orderer organization for `OrdererOrganization`."""
    if section is Bft:
        return "BFT"
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in section.__name__)
    return words.strip().capitalize()


def _row(name: str, field: FieldInfo) -> str:
    meaning, _, said = " ".join((field.description or "").split()).partition("Default: ")
    default = "**required**" if field.is_required() else said.rstrip(".") or _default(field)
    values = _values(field.annotation, field.metadata)
    cells = (f"`{field.alias or name}`", values, default.replace("<", "&lt;"), meaning.strip())
    return f"| {' | '.join(cells)} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or isinstance(value, Section) or value in ((), {}):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    validators = (each.func for each in field.metadata if isinstance(each, BeforeValidator))
    readers = (getattr(validator, "__self__", None) for validator in validators)
    kinds = [reader.kind for reader in readers if isinstance(reader, Reader)]
    return f"`{kinds[0].show(value) if kinds else value}`"


def _values(annotation: Any, metadata: list[Any], *, short: bool = False) -> str:  # noqa: ANN401 — as above
    """Return the allowed values, for people; `short` within a list or a mapping."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(inner[0], [*_flat(inner[1:]), *metadata], short=short)
    for each in metadata:
        if isinstance(each, AfterValidator | BeforeValidator | WrapValidator) and (
            words := _checked(each, short=short)
        ):
            return words
    if origin in {Union, types.UnionType}:
        return " or ".join(_values(each, metadata, short=short) for each in inner if each is not type(None))
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inner)
    if origin is tuple:
        return f"list of {_values(inner[0], [], short=True)}"
    if origin is dict:
        key, value = (_values(each, [], short=True) for each in inner)
        return f"mapping of {key} to {value}"
    return _plain(annotation, metadata)


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    """Yield what Field(ge=…) stands for, where it is within another type."""
    for each in metadata:
        yield from each.metadata if isinstance(each, FieldInfo) else [each]


def _checked(validator: AfterValidator | BeforeValidator | WrapValidator, *, short: bool) -> str:
    rule = getattr(validator.func, "__self__", None)
    if isinstance(rule, IndicesRule):
        return f"{rule.words}; or a list of indices"
    if isinstance(rule, Reader):
        return rule.kind.range
    if isinstance(rule, NameOrMapping):
        return f"name or {_plain(rule.section, [])}"
    if isinstance(rule, TrueOrMapping):
        return f"`true`, `false` or {_plain(rule.section, [])}"
    if not isinstance(rule, NameRule):
        return _IN_WORDS.get(validator.func, "")
    return rule.noun if short else rule.words


def _plain(annotation: Any, metadata: list[Any]) -> str:  # noqa: ANN401 — a type expression
    if isinstance(annotation, type) and issubclass(annotation, Section):
        title = _title(annotation)
        return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"
    if annotation is bool:
        return "`true`, `false`"
    if annotation is int:
        return _range(metadata)
    return "text"


def _range(metadata: list[Any]) -> str:
    least = [int(str(each.ge)) for each in metadata if isinstance(each, Ge)]
    most = [int(str(each.le)) for each in metadata if isinstance(each, Le)]
    if least and most and most[0] < _UNLIMITED:
        return f"{least[0]} to {most[0]}"
    return f"{least[0]} or more" if least else "whole number"


def _resources() -> str:
    rows = [
        f"| {kind} | {each['requests']['cpu']} | {each['requests']['memory']} | {each['limits']['memory']} |"
        for kind, each in DEFAULT_RESOURCES.items()
    ]
    return "\n".join(
        [
            "## Resources where the file says none",
            "Where a default would contradict the file it gives way: no request is above its limit.",
            "",
            "| kind | requests.cpu | requests.memory | limits.memory |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _editions() -> str:
    editions = list(EDITIONS.values())
    rows = [
        f"| {words} | {' | '.join(str(getattr(edition, key)) for edition in editions)} |"
        for words, key in _QUOTAS
    ]
    return "\n".join(
        [
            "## Editions",
            " ".join((Edition.__doc__ or "").split()),
            "",
            f"| at most | {' | '.join(edition.name for edition in editions)} |",
            f"|---|{'---|' * len(editions)}",
            *rows,
            f"| Consensus | {' | '.join('raft, bft' if edition.bft else 'raft' for edition in editions)} |",
            f"| Name of the instance | {' | '.join(edition.instance_name.words for edition in editions)} |",
            f"| Names of chaincodes | {' | '.join(edition.chaincode_name.words for edition in editions)} |",
        ]
    )


__all__ = ["MARK", "tables"]

if __name__ == "__main__":
    print(tables(), end="")
