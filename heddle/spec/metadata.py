"""Check the metadata of a chaincode's package: indexes of CouchDB, as Fabric's packaging takes them.

Sources: internal/ccmetadata/validators.go (Fabric 3.1.5) for paths and contents; what CouchDB 3.4.2 refuses
beyond that, peers only log when the definition is committed, so it is refused here as well.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NoReturn

from pydantic import BeforeValidator, WithJsonSchema

from heddle.spec.model import refused

__all__ = ["Metadata", "check_metadata", "collection_of", "index_problem", "path_problem"]

_INDEXES = "META-INF/statedb/couchdb/indexes/NAME.json"
_OF_COLLECTION = "META-INF/statedb/couchdb/collections/COLLECTION/indexes/NAME.json"
_PATH = re.compile(
    r"META-INF/statedb/couchdb/(?:collections/(?P<collection>[A-Za-z0-9_-]+)/)?indexes/.*[.]json"
)
_KEYS = ("index", "ddoc", "name", "type")
_FIELDS = '"index" with "fields": a list of at least one name or {"NAME": "asc"} or {"NAME": "desc"}'
_DIRECTIONS = ("asc", "desc")
_LONGEST_NAME, _LONGEST_FOLDER = 100, 155
"""Bytes of a path in the oldest form of tar, which packages have."""


def check_metadata(value: object) -> object:
    """Return the files by their paths. Raises PydanticCustomError for a folder that could not be read."""
    if isinstance(value, Mapping) and value:
        return value
    step = "A relative path starts at the project's folder. Every file is text in UTF-8, of 1 MiB at most."
    raise refused(f"a folder that can be read, with files {_INDEXES} or {_OF_COLLECTION} in it", step)


Metadata = Annotated[
    dict[str, str],
    BeforeValidator(check_metadata),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
            ]
        }
    ),
]
"""Files of a chaincode's package by their paths; in a stack file usually the folder that holds them."""


def path_problem(path: str) -> str:
    """Return what is allowed in place of a path that Fabric's packaging refuses; empty for a good one."""
    if not _PATH.match(path) or not path.isprintable() or path != posixpath.normpath(path):
        return f"files {_INDEXES} or {_OF_COLLECTION}: Fabric's packaging refuses others"
    folder, _, name = path.rpartition("/")
    fits = len(folder.encode()) <= _LONGEST_FOLDER and len(name.encode()) <= _LONGEST_NAME
    return (
        "" if fits else f"names of at most {_LONGEST_NAME} bytes, in a folder of {_LONGEST_FOLDER}, as in tar"
    )


def collection_of(path: str) -> str:
    """Return the collection that an index is of; empty for one of the chaincode's public state."""
    found = _PATH.match(path)
    return (found and found["collection"]) or ""


def index_problem(content: str) -> str:
    """Return what is allowed in place of an index that Fabric or CouchDB refuses; empty for a good one."""
    try:
        content.encode()
        index = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return "the definition of an index, in JSON"
    if not isinstance(index, dict):
        return "the definition of an index: an object in JSON"
    return next(_problems(index), "")


def _problems(definition: Mapping[str, Any]) -> Iterator[str]:
    if unknown := sorted(set(definition) - set(_KEYS)):
        yield f"an index of {', '.join(_KEYS)} alone, without {unknown[0]!r}"
    for key in ("ddoc", "name"):
        if not isinstance(definition.get(key, ""), str):
            yield f'"{key}" as text'
    if definition.get("type", "json") != "json":
        yield 'an index of the "type" json: peers use no other'
    index = definition.get("index")
    if not isinstance(index, dict):
        yield _FIELDS
        return
    if unknown := sorted(set(index) - {"fields", "partial_filter_selector"}):
        yield f'"index" of fields and partial_filter_selector alone, without {unknown[0]!r}'
    yield from _field_problems(index.get("fields"))


def _field_problems(fields: object) -> Iterator[str]:
    if not isinstance(fields, list) or not fields:
        yield _FIELDS
        return
    directions = set()
    for field in fields:
        if isinstance(field, str):
            directions.add("asc")
        elif isinstance(field, dict) and len(field) == 1 and next(iter(field.values())) in _DIRECTIONS:
            directions.update(field.values())
        else:
            yield _FIELDS
    if len(directions) > 1:
        yield "fields in one direction: CouchDB takes no index of both asc and desc"


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and its kin, which Python takes for JSON."""
    raise ValueError(constant)
