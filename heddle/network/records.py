"""Write frozen dataclasses as plain data and read them back, both by the fields that the class declares.

A field `genesis_hash` is the key `genesisHash`; a field that may be None is left out when it is. Records in a
mapping are named by their key: their field `name` is not written a second time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from heddle.plain import Plain

__all__ = ["Port", "named", "read_record", "write_record", "written"]

Record = TypeVar("Record")

Port = Annotated[int, "a TCP port"]

_READERS: Mapping[Any, Any] = {str: Plain.text, bool: Plain.flag, int: Plain.integer, Port: Plain.port}


def written(kind: type, /, **values: object) -> dict[str, Any]:
    """Return the plain data of a `kind` whose values may not be known yet, such as outputs of Pulumi.

    Raises TypeError for a field that the class does not have, and for one that is missing.
    """
    keys = _keys(kind)
    optional = {name for name, hint in _hints(kind).items() if _optional(hint)}
    if missing := keys.keys() - values.keys() - optional:
        raise TypeError(f"{kind.__name__}: fields are missing: {', '.join(sorted(missing))}")
    if unknown := values.keys() - keys.keys():
        raise TypeError(f"{kind.__name__}: there are no fields {', '.join(sorted(unknown))}")
    return {keys[name]: value for name, value in values.items() if value is not None}


def named(records: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return plain records by their names."""
    return {each["name"]: {key: value for key, value in each.items() if key != "name"} for each in records}


def write_record(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """Return the plain data of a record whose values are all known; `read_record` makes the same of it."""
    values = {name: _write(getattr(record, name)) for name in _keys(type(record))}
    return written(type(record), **values)


def read_record(kind: type[Record], data: Plain, **given: object) -> Record:
    """Return the record that plain data holds. Raises ShapeError where a value is missing or of another kind.

    `given` has the values of fields that the data does not repeat.
    """
    keys, values = _keys(kind), dict(given)
    for name, hint in _hints(kind).items():
        if name not in given:
            entry = data.get(keys[name]) if _optional(hint) else data[keys[name]]
            values[name] = None if entry is None else _read(hint, entry)
    return kind(**values)


def _read(hint: Any, data: Plain, **given: Any) -> Any:  # noqa: ANN401 - of the type that the hint names
    if hint in _READERS:
        return _READERS[hint](data)
    if is_dataclass(hint):
        return read_record(hint, data, **given)  # type: ignore[arg-type]  # hints are classes
    item = get_args(hint)
    if _optional(hint):
        return _read(next(each for each in item if each is not NoneType), data, **given)
    if get_origin(hint) is tuple:
        return tuple(_read(item[0], each) for each in data.items())
    return {key: _read(item[1], entry, name=key) for key, entry in data.entries()}


def _write(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        plain = {key: _write(each) for key, each in value.items()}
        return named(plain.values()) if any(map(is_dataclass, value.values())) else plain
    if isinstance(value, tuple):
        return [_write(each) for each in value]
    return write_record(value) if is_dataclass(value) else value


def _keys(kind: type) -> dict[str, str]:
    """Return the keys in plain data by the names of their fields."""
    words = {field.name: field.name.split("_") for field in fields(kind)}
    return {name: first + "".join(map(str.capitalize, rest)) for name, (first, *rest) in words.items()}


def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _optional(hint: Any) -> bool:  # noqa: ANN401 - a type
    return get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)
