"""Find the folder of a state by the URL of its backend."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from heddle.errors import EngineError, NeedsCli
from heddle.paths import account_home

__all__ = ["state_folder"]


def state_folder(url: str, working_dir: Path) -> Path:
    """Return the folder that holds `.pulumi`.

    Args:
        url: `file://PATH`, `file://~` (the user's home folder as the system knows it), or empty for that.
        working_dir: what a relative path is relative to.

    Raises NeedsCli for any other kind of backend.
    """
    parts = urlsplit(url or "file://~")
    if parts.scheme != "file":
        raise NeedsCli(
            f"the state is at {parts.scheme}://…: this needs the CLI",
            hint="The embedded engine keeps state in files: PULUMI_BACKEND_URL=file://PATH. Or use `pulumi`.",
        )
    path = unquote(parts.netloc + parts.path)
    # `~` is the account's home, not $HOME: so it is in Pulumi's CLI, which must find the same state.
    return _home() / path[1:].lstrip("/") if path.startswith("~") else working_dir / path


def _home() -> Path:
    """Return the account's home folder by the system's list of users, as `account_home`."""
    if (home := account_home()) is None:
        raise EngineError(
            f"the state is in a home folder, and user number {os.getuid()} has none here",
            hint="Name a folder: PULUMI_BACKEND_URL=file://PATH. Or set HOME.",
        )
    return home
