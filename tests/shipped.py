"""Read the stack files that ship, as git has them: what a user edits or adds is not under test.

Pulumi's CLI writes `encryptionsalt` into a stack file; people try other settings and keep files of their own.
Git's index is read, so that a change of a shipped file is tested once it is staged (`git add`).
"""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["clone", "git", "shipped_names", "shipped_stack", "shipped_text"]

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


def clone(folder: Path, root: Path = ROOT) -> Path:
    """Make a working copy of what is staged here, all of it committed there, and return its folder."""
    folder.mkdir(parents=True)
    git(root, "checkout-index", "--all", f"--prefix={folder}/")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message", "x")
    return folder


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it prints."""
    argv = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout


def shipped_stack(name: str) -> dict[str, Any]:
    """Return the content of a shipped stack file."""
    content: dict[str, Any] = yaml.safe_load(shipped_text(name))
    return content


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints; None outside of a working copy."""
    if not (root / ".git").exists():
        return None
    return git(root, *arguments)
