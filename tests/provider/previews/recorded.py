"""What is expected, as files in tests/cases/previews; `HEDDLE_RECORD=1` writes them anew."""

import os
from pathlib import Path
from typing import Any

import yaml

from tests.provider.previews.engines import Said
from tests.provider.previews.world import readable
from tests.real.network import RealNetwork

__all__ = ["expect_recorded", "told"]

_FOLDER = Path(__file__).parents[2] / "cases/previews"
_RECORD = bool(os.environ.get("HEDDLE_RECORD"))


class _Lines(yaml.SafeDumper):
    """Writes texts of several lines line by line."""


_Lines.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def told(said: Said, network: RealNetwork) -> dict[str, Any]:
    """What an engine said, as it is recorded."""
    messages = {name: [readable(one, network) for one in found] for name, found in said.messages.items()}
    return {"failed": said.failed, "steps": dict(said.steps), "messages": messages}


def expect_recorded(name: str, found: dict[str, Any], *, about: str = "") -> None:
    """What was told is what is recorded. A run that fails ends with the first errors, whichever they are."""
    file = _FOLDER / f"{name}.yaml"
    if _RECORD:
        head = f"# {about}\n" if about else ""
        text = yaml.dump(found, Dumper=_Lines, sort_keys=False, allow_unicode=True, width=10**6)
        file.write_text(head + text)
    expected = yaml.safe_load(file.read_text())
    for part, one in found.items() if "failed" not in found else [("", found)]:
        _expect(one, expected[part] if part else expected)


def _expect(found: dict[str, Any], expected: dict[str, Any]) -> None:
    if not expected["failed"]:
        assert found == expected
        return
    assert found["failed"]
    errors = [one for said in found["messages"].values() for one in said if one.startswith("error")]
    assert errors, found
    for name, said in found["messages"].items():
        assert said == expected["messages"][name]
