"""Turn the plain data of a stack file into an Instance, or into every problem in it."""

import datetime as dt
import difflib
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from heddle.errors import SpecError
from heddle.spec.instance import Instance
from heddle.spec.model import Section, section_in
from heddle.spec.problems import MISSING, Problem, in_order_of, path_of, report
from heddle.spec.rules import broken_rules

_WORDS = {
    "missing": "it is required",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a whole number",
    "int_parsing_size": "a whole number, and a smaller one",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "invalid_key": "a key that is text; write it in quotes",
}


def check_instance(data: object) -> tuple[Instance | None, list[Problem]]:
    """Return the instance if `data` describes one, and every problem of `data` in the file's order."""
    try:
        return Instance.model_validate(data), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    wrong = [_problem(each) for each in details if _tells_something(each)]
    seen = {problem.path for problem in wrong}
    # As the file says it where that can be read, else as the models understood it ("2" for 2).
    understood = [problem for each in details for problem in each.get("ctx", {}).get("problems", [])]
    broken = {problem.path: problem for problem in [*understood, *broken_rules(data)]}
    problems = [*wrong, *(problem for path, problem in broken.items() if path not in seen)]
    return None, in_order_of(data, problems)


def parse_instance(data: object, *, source: str) -> Instance:
    """Return the instance that `data`, the value of `fabric:instance`, describes.

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
    """Tell whether an error of pydantic is shown; broken rules and short lists are told elsewhere."""
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
        allowed=context.get("allowed") or _words(details) or details["msg"],
        step=context.get("step", "") or _nearest(details),
    )


def _nearest(details: ErrorDetails) -> str:
    """Return the choice that was probably meant: `bft` for BFT."""
    if details["type"] != "literal_error" or not isinstance(details["input"], str):
        return ""
    words = {word.strip("'").lower(): word.strip("'") for word in _choices(details)}
    close = difflib.get_close_matches(details["input"].lower(), words, n=1)
    return f"Did you mean {words[close[0]]}?" if close else ""


def _choices(details: ErrorDetails) -> list[str]:
    """Return the choices that pydantic writes as `'raft' or 'bft'`."""
    return str(details["ctx"]["expected"]).replace(" or ", ", ").split(", ")


def _words(details: ErrorDetails) -> str:
    context, found = details.get("ctx", {}), details["input"]
    key = details["loc"][-1:] == ("[key]",)
    match details["type"]:
        case "literal_error":
            return f"one of {', '.join(choice.strip(chr(39)) for choice in _choices(details))}"
        case "string_type" if key:
            return _WORDS["invalid_key"]
        case "string_type":
            return _text_words(found)
        case "model_type" | "model_attributes_type" if isinstance(found, str):
            # Elsewhere in the file a name alone will do.
            named = details["loc"] and "name" in _fields_at(details["loc"])
            return f"a mapping, as {{name: {found}}}" if named and found else "a mapping"
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case "too_short" | "string_too_short":
            return "not empty"
        case _:
            return _WORDS.get(details["type"], "")


def _text_words(found: object) -> str:
    """Return what to write where YAML made something else of a text."""
    if isinstance(found, bool):
        return "text; in quotes, since YAML reads yes, no, on and off as true or false"
    if isinstance(found, int | float | dt.date):
        return f'text; write it in quotes, as "{found}"'
    return "text"


def _unknown_key(path: str, location: tuple[int | str, ...], found: object) -> Problem:
    known = sorted(_fields_at(location[:-1]))
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    step = f"Did you mean {close[0]}?" if close else ""
    return Problem(path=path, found=found, allowed=f"no such key; there are {', '.join(known)}", step=step)


def _described(location: tuple[int | str, ...]) -> str:
    """Return the documentation of a required field."""
    field = _fields_at(location[:-1]).get(str(location[-1]))
    return " ".join((field.description or "").split()) if field else ""


def _fields_at(location: tuple[int | str, ...]) -> dict[str, Any]:
    """Return the fields of the mapping at a place in the file, by the keys that the file has for them."""
    section: Any = Instance
    for part in location:
        fields = _fields(section)
        # Neither a position in a list nor a key of one's own (a node's name) is a field.
        if part in fields:
            section = section_in(fields[str(part)].annotation)[0]
    return _fields(section)


def _fields(section: type[Section]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in section.model_fields.items()}
