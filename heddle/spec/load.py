"""From the plain data of a stack file to an Instance, or to every problem in it."""

import difflib
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from heddle.errors import SpecError
from heddle.spec.instance import Instance
from heddle.spec.problems import MISSING, Problem, path_of, report
from heddle.spec.rules import broken_rules

_TEXT = 'text; write it in quotes, as "1.0"'
_WORDS = {
    "missing": "it is required",
    "string_type": _TEXT,
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def check_instance(data: object) -> tuple[Instance | None, list[Problem]]:
    """The instance if `data` describes one, and every problem of `data` in the file's order."""
    try:
        return Instance.model_validate(data), []
    except ValidationError as error:
        wrong = [_problem(details) for details in error.errors() if _tells_something(details)]
    seen = {problem.path for problem in wrong}
    return None, wrong + [problem for problem in broken_rules(data) if problem.path not in seen]


def parse_instance(data: object, *, source: str) -> Instance:
    """The instance that `data`, the value of `fabric:instance`, describes.

    Args:
        data: plain values as YAML or JSON gives them.
        source: name of the file, for the message.

    Raises:
        SpecError: lists every problem with path, value, what is allowed and what to do.
    """
    instance, problems = check_instance(data)
    if instance is None:
        raise SpecError(report(source, problems))
    return instance


def _tells_something(details: ErrorDetails) -> bool:
    """False for what is said better elsewhere: broken rules, and lists short of entries that are wrong."""
    if details["type"] == "too_short":
        return len(details["input"]) < int(details["ctx"]["min_length"])
    return details["type"] != "rules"


def _problem(details: ErrorDetails) -> Problem:
    kind, location, context = details["type"], details["loc"], details.get("ctx", {})
    path = path_of(location)
    if kind == "missing":
        return Problem(path=path, found=MISSING, allowed=_WORDS[kind], step=_described(location))
    if kind == "extra_forbidden":
        return _unknown_key(path, location, details["input"])
    return Problem(
        path=path,
        found=details["input"],
        allowed=context.get("allowed") or _words(kind, context) or details["msg"],
        step=context.get("step", ""),
    )


def _words(kind: str, context: dict[str, Any]) -> str:
    match kind:
        case "literal_error" | "enum":
            return f"one of {str(context['expected']).replace(' or ', ', ').replace(chr(39), '')}"
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case "too_short" | "string_too_short":
            return "not empty"
        case _:
            return _WORDS.get(kind, "")


def _unknown_key(path: str, location: tuple[int | str, ...], found: object) -> Problem:
    section = _section_at(location[:-1])
    known = sorted(field.alias or name for name, field in section.model_fields.items())
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    step = f"Did you mean {close[0]}?" if close else ""
    return Problem(path=path, found=found, allowed=f"no such key; there are {', '.join(known)}", step=step)


def _described(location: tuple[int | str, ...]) -> str:
    """What a required field is for: its own documentation."""
    section = _section_at(location[:-1])
    fields = {field.alias or name: field for name, field in section.model_fields.items()}
    field = fields.get(str(location[-1]))
    return " ".join((field.description or "").split()) if field else ""


def _section_at(location: tuple[int | str, ...]) -> type[Any]:
    """The model of the mapping at a place in the file."""
    from heddle.spec.model import Section

    section: type[Section] = Instance
    for part in location:
        if isinstance(part, int):
            continue
        fields = {field.alias or name: field for name, field in section.model_fields.items()}
        section = _model_in(fields[part].annotation)
    return section


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 — a type expression has no better type
    """The Section within `X`, `X | None` or `tuple[X, ...]`."""
    from typing import get_args

    from heddle.spec.model import Section

    if isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, Section):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
