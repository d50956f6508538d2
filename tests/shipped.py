"""Read the stack files that ship, as git has them: what a user edits or adds is not under test.

Pulumi's CLI writes `encryptionsalt` into a stack file; people try other settings and keep files of their own.
Git's index is read, so that a change of a shipped file is tested once it is staged (`git add`).
"""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["shipped_names", "shipped_stack", "shipped_text"]

ROOT = Path(__file__).parent.parent
_FOLDER, _PREFIX, _SUFFIX = "stacks", "Pulumi.", ".yaml"


@cache
def shipped_names(root: Path = ROOT) -> tuple[str, ...]:
    """Return the names of the stacks that ship."""
    files = _git(root, "ls-files", f"{_FOLDER}/{_PREFIX}*{_SUFFIX}")
    if files is None:
        files = "\n".join(f"{_FOLDER}/{path.name}" for path in (root / _FOLDER).glob(f"{_PREFIX}*{_SUFFIX}"))
    names = (Path(line).name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for line in files.splitlines())
    return tuple(sorted(names))


@cache
def shipped_text(name: str, root: Path = ROOT) -> str:
    """Return a shipped stack file. An unpacked archive has no index: there the file on disk counts."""
    path = f"{_FOLDER}/{_PREFIX}{name}{_SUFFIX}"
    text = _git(root, "show", f":{path}")
    return (root / path).read_text() if text is None else text


def shipped_stack(name: str) -> dict[str, Any]:
    """Return the content of a shipped stack file."""
    content: dict[str, Any] = yaml.safe_load(shipped_text(name))
    return content


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints; None outside of a working copy."""
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "-c", f"safe.directory={root}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
