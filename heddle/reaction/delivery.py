"""Deliver notices: post each to an address, or write it into a folder."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from heddle.errors import RunbookError
from heddle.reaction.reactor import Notice, plain

__all__ = ["post", "write"]

_SECONDS: Final = 30.0
_OTHERS: Final = re.compile(r"[^0-9A-Za-z]+")


async def post(notice: Notice, address: str, token: str = "") -> None:
    """Post a notice as JSON, with a token if there is one. Raises RunbookError unless it is taken."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with httpx.AsyncClient(timeout=_SECONDS) as client:
            response = await client.post(address, json=plain(notice), headers=headers)
    except httpx.HTTPError as error:
        raise RunbookError(
            f"{address}: {str(error) or type(error).__name__}", hint="Is it reached?"
        ) from error
    if not response.is_success:
        raise RunbookError(f"{address}: HTTP {response.status_code}", hint="See what it expects.")


def write(notice: Notice, folder: Path) -> Path:
    """Write a notice as a file of its own, whole or not at all, and return it."""
    content: Mapping[str, Any] = plain(notice)
    name = "-".join(
        _OTHERS.sub("", part)[:40]
        for part in (notice.alert.started, notice.alert.name, notice.alert.fingerprint)
    )
    path = folder / f"{name}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise RunbookError(
            f"{folder}: {error.strerror}", hint="Give a folder that can be written."
        ) from error
    return path
