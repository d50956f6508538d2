"""Read the annotation pulumi.com/waitFor: what a program itself wants to wait for.

Source: pulumi-kubernetes 4.28 provider/pkg/metadata/overrides.go ReadyCondition, pkg/jsonpath.
"""

import json
import re
from typing import Any

from heddle.embedded.engine.kubernetes.objects import Json, annotation
from heddle.embedded.engine.kubernetes.rules import ReadyState, Rule, condition
from heddle.errors import NeedsCli, ProviderError

__all__ = ["WAIT_FOR", "wanted_rule"]

WAIT_FOR = "pulumi.com/waitFor"
_JSON_PATH = re.compile(r"^\{\s*\$?((?:\.[A-Za-z_][\w-]*|\[\d+\])+)\s*\}(?:=(.+))?$")


def wanted_rule(obj: Json) -> Rule | None:
    """Return the rule of the annotation, None without one.

    It holds one expression or a JSON list of them: `condition=Type[=Status]` or `jsonpath={.path}[=value]`.
    Raises ProviderError when one is neither.
    """
    text = annotation(obj, WAIT_FOR)
    if not text:
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = text
    rules = [_rule(str(expression)) for expression in (parsed if isinstance(parsed, list) else [text])]
    if not rules:
        raise ProviderError(f"{WAIT_FOR}: at least one condition must be specified")

    def judge(live: Json) -> ReadyState:
        states = [rule(live) for rule in rules]
        reasons = tuple(reason for state in states for reason in state.reasons)
        return ReadyState(ready=not reasons, reasons=reasons)

    return judge


def _rule(expression: str) -> Rule:
    kind, _, rest = expression.partition("=")
    if kind == "condition":
        name, _, status = rest.partition("=")
        return lambda live: _ready_state(
            condition(live, name).get("status") == (status or "True"), expression
        )
    if kind != "jsonpath":
        raise ProviderError(f'{WAIT_FOR}: expected a "jsonpath=" or "condition=" prefix, got "{expression}"')
    match = _JSON_PATH.match(rest)
    if match is None:
        raise NeedsCli(
            f"{WAIT_FOR}: {rest}: the embedded engine reads paths like {{.status.phase}} only",
            hint="Use Pulumi's CLI for this stack: pulumi up.",
        )
    steps = re.findall(r"[A-Za-z_][\w-]*|\d+", match[1])
    return lambda live: _ready_state(_matches(_follow(live, steps), match[2]), expression)


def _ready_state(fine: bool, expression: str) -> ReadyState:
    return ReadyState(ready=fine, reasons=() if fine else (f"{expression} does not hold yet",))


def _follow(value: Any, steps: list[str]) -> Any:  # noqa: ANN401 - JSON
    for step in steps:
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value


def _matches(found: Any, value: str | None) -> bool:  # noqa: ANN401 - JSON
    if found is None or value is None:
        return found is not None
    return (str(found).lower() if isinstance(found, bool) else str(found)) == value
