"""Bring a manifest into its normal form, so that equal meanings compare equal.

pulumi-kubernetes sends every input through Kubernetes' own Go types and keeps what comes back: fields that
do not exist are dropped, empty optional ones too, quantities become canonical, a Secret's stringData becomes
data. The table types.json (made by types/generate.go) holds what those types do.

Source: pulumi-kubernetes 4.28 provider/pkg/clients/unstructured.go, provider.go normalizeInputs;
apimachinery runtime/converter.go.
"""

import base64
import contextlib
import json
import re
from functools import cache
from importlib import resources
from typing import Any

from heddle.embedded.engine.kubernetes.objects import Json, at, kind_id, without
from heddle.plugin.values import has_unknown
from heddle.quantities import canonical

__all__ = ["normal"]

_READ_ONLY = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)


class _MismatchError(Exception):
    """A value that is not of its field's type: such a manifest is left to the API server as it is."""


@cache
def _table() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    text = resources.files("heddle.embedded.engine.kubernetes").joinpath("types.json").read_text()
    table = json.loads(text)
    return table["kinds"], table["types"]


def normal(obj: Json) -> Json:
    """Return the normal form; of objects with unknown parts or of other kinds only read-only fields go."""
    root = _table()[0].get(kind_id(obj))
    if root is not None and not has_unknown(obj):
        if kind_id(obj) == "v1/Secret":
            obj = _secret(obj)
        else:
            with contextlib.suppress(_MismatchError):
                obj = _value(obj, root)
    for field in _READ_ONLY:
        obj = without(obj, "metadata", field)
    return obj


def _secret(obj: Json) -> Json:
    """Fold stringData into data; else write data as the API server encodes it again."""
    data, text = at(obj, "data"), at(obj, "stringData")
    data = data if isinstance(data, dict) else {}
    if isinstance(text, dict) and text and all(isinstance(value, str) for value in text.values()):
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
        return {**without(obj, "stringData"), "data": {**data, **encoded}}
    return {**obj, "data": {key: _encoded(value) for key, value in data.items()}} if data else obj


def _encoded(value: Any) -> Any:  # noqa: ANN401 - JSON
    try:
        return _recoded(value) if isinstance(value, str) else value
    except ValueError:
        return value  # the API server will say what is wrong with it


def _recoded(text: str) -> str:
    """Return base64 decoded and encoded again; line breaks in it mean nothing. Raises ValueError."""
    return base64.b64encode(base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)).decode()


def _value(value: Any, code: str) -> Any:  # noqa: ANN401 - JSON
    code = code.lstrip("*")
    if code.startswith("[]"):
        return [_value(item, code[2:]) for item in _checked(value, list)]
    if code.startswith("{}"):
        return {key: _value(item, code[2:]) for key, item in _checked(value, dict).items()}
    if code in _SCALARS:
        return _SCALARS[code](value)
    fields = _table()[1][code]
    known = {key: item for key, item in _checked(value, dict).items() if key in fields}
    normals = {key: (fields[key], _value(item, fields[key].removeprefix("?"))) for key, item in known.items()}
    return {key: item for key, (field, item) in normals.items() if not _left_out(field, item)}


def _left_out(field: str, value: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell whether Go's omitempty leaves a field out: zero, unless it is a pointer or a struct."""
    if field.startswith(("?[]", "?{}")):
        return not value
    return field in _EMPTIABLE and not value


_EMPTIABLE = ("?bool", "?bytes", "?float", "?int", "?string")


def _checked(value: Any, wanted: type) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise _MismatchError
    return value


def _integer(value: Any) -> int:  # noqa: ANN401 - JSON
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(_checked(value, int))


def _number(value: Any) -> float:  # noqa: ANN401 - JSON
    return value if isinstance(value, float) else _integer(value)


def _quantity(value: Any) -> str:  # noqa: ANN401 - JSON
    try:
        return canonical(value if isinstance(value, str) else str(_number(value)))
    except ValueError as error:
        raise _MismatchError from error


def _int_or_string(value: Any) -> int | str:  # noqa: ANN401 - JSON
    return value if isinstance(value, str) else _integer(value)


def _bytes(value: Any) -> str:  # noqa: ANN401 - JSON
    try:
        return _recoded(_checked(value, str))
    except ValueError as error:
        raise _MismatchError from error


_SCALARS: dict[str, Any] = {
    "any": lambda value: value,
    "bool": lambda value: _checked(value, bool),
    "bytes": _bytes,
    "float": _number,
    "int": _integer,
    "intOrString": _int_or_string,
    "quantity": _quantity,
    "string": lambda value: _checked(value, str),
    "time": lambda value: _checked(value, str),
}
