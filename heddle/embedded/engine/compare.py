"""Compare two sets of properties where no provider does, and say what differs.

Source: sdk/go/common/resource/properties_diff.go of pulumi/pulumi.
"""

from collections.abc import Iterator, Mapping

from heddle.embedded.engine.property_paths import matches, parse_path
from heddle.plugin.interface import DiffKind, DiffResult
from heddle.plugin.values import Properties, Value, same, strip_secrets

__all__ = ["changed_keys", "compare", "completed", "with_replace_on_changes"]


def compare(old: Properties, new: Properties) -> dict[str, DiffKind]:
    """Return what differs, by path; secrecy alone is no difference."""
    return dict(_compare(strip_secrets(old), strip_secrets(new), ""))


def _compare(old: Value, new: Value, path: str) -> Iterator[tuple[str, DiffKind]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            below = _join(path, key)
            if key not in new:
                yield below, DiffKind.DELETE
            elif key not in old:
                yield below, DiffKind.ADD
            else:
                yield from _compare(old[key], new[key], below)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            below = f"{path}[{index}]"
            if index >= len(new):
                yield below, DiffKind.DELETE
            elif index >= len(old):
                yield below, DiffKind.ADD
            else:
                yield from _compare(old[index], new[index], below)
    elif not same(old, new):
        yield path, DiffKind.UPDATE


def _join(path: str, key: str) -> str:
    """Append a key, quoted where it would be read as more than one."""
    if any(character in key for character in '.["'):
        escaped = key.replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key


def completed(diff: DiffResult, old: Properties, new: Properties) -> DiffResult:
    """Return a diff that says yes or no: where the provider left it open, the inputs decide."""
    if diff.changes is not None:
        return diff
    found = compare(old, new)
    return DiffResult(
        changes=bool(found),
        replaces=diff.replaces,
        detailed=diff.detailed or found,
        delete_before_replace=diff.delete_before_replace,
    )


def with_replace_on_changes(
    diff: DiffResult, patterns: tuple[str, ...], old: Properties, new: Properties
) -> DiffResult:
    """Return the diff with replacements where the program asks for them (`replaceOnChanges`)."""
    if not patterns or not diff.changes:
        return diff
    wanted = [parse_path(pattern) for pattern in patterns]
    paths = list(diff.detailed if diff.detailed is not None else compare(old, new))
    hit = [path for path in paths if any(matches(pattern, parse_path(path)) for pattern in wanted)]
    if not hit:
        return diff
    return DiffResult(
        changes=True,
        replaces=tuple(dict.fromkeys((*diff.replaces, *hit))),
        detailed=diff.detailed,
        delete_before_replace=diff.delete_before_replace,
    )


def changed_keys(detailed: Mapping[str, DiffKind]) -> dict[str, DiffKind]:
    """Return the kinds by top-level property: what a line of the display has room for."""
    keys: dict[str, DiffKind] = {}
    for path, kind in detailed.items():
        parts = parse_path(path)
        if parts:
            key = str(parts[0])
            keys[key] = kind if len(parts) == 1 and key not in keys else keys.get(key, DiffKind.UPDATE)
    return keys
