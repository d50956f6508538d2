"""Find the URNs under which the state may know a resource that was renamed.

Source: generateAliases, inheritedChildAlias and collapseAliasToUrn in pkg/resource/deploy/step_generator.go.
"""

from collections.abc import Iterator, Mapping

from heddle.embedded.engine.goal import Alias, Goal
from heddle.state.urn import make_urn, urn_name, urn_type

__all__ = ["alias_urns"]


def alias_urns(goal: Goal, *, stack: str, project: str, renamed: Mapping[str, str]) -> list[str]:
    """Return the URNs to look for after the present one.

    Args:
        goal: the registration, with its aliases.
        stack: the stack's name.
        project: the project's name.
        renamed: for every resource found under a former name in this run, that name by its present URN.
    """
    own = [_alias_urn(alias, goal, stack, project) for alias in goal.aliases]
    inherited = list(_inherited(goal, own, stack, project, renamed.get(goal.parent, "")))
    return list(dict.fromkeys([*own, *inherited]))


def _alias_urn(alias: Alias, goal: Goal, stack: str, project: str) -> str:
    """Return an alias as a URN: what it leaves open is as it is now."""
    return alias.urn or make_urn(
        stack=alias.stack or stack,
        project=alias.project or project,
        parent=goal.parent if alias.parent is None else alias.parent,
        type=alias.type or goal.type,
        name=alias.name or goal.name,
    )


def _inherited(goal: Goal, own: list[str], stack: str, project: str, parent: str) -> Iterator[str]:
    """Yield the URNs below the parent's former one; a name that began with the parent's changes with it."""
    if not parent:
        return
    for type_token, name in [(goal.type, goal.name), *((urn_type(urn), urn_name(urn)) for urn in own)]:
        now = urn_name(goal.parent)
        former = urn_name(parent) + name.removeprefix(now) if name.startswith(now) else name
        yield make_urn(stack=stack, project=project, parent=parent, type=type_token, name=former)
