"""Check the inputs of a channel before anything is asked of a node."""

from collections.abc import Iterator, Mapping
from typing import Any

from heddle.configtx.checks import check_settings
from heddle.configtx.settings import BFT
from heddle.errors import ConfigtxError
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import has_unknown
from heddle.provider.channel.settings import SETTINGS, settings_from

__all__ = ["input_failures"]


def input_failures(inputs: Mapping[str, Any]) -> list[CheckFailure]:
    """Return what is wrong: consenters that are no orderers, and settings that no node would accept."""
    failures = [*_bft_consenters(inputs), *_strangers(inputs)]
    if failures or any(has_unknown(inputs.get(name)) for name in SETTINGS):
        return failures
    try:
        check_settings(settings_from(inputs))
    except ConfigtxError as error:
        return [CheckFailure(property="channel", reason=str(error))]
    return []


def _strangers(inputs: Mapping[str, Any]) -> Iterator[CheckFailure]:
    """Check that every consenter is one of the orderers."""
    if has_unknown(inputs["orderers"]) or not isinstance(inputs["consenters"], list):
        return
    names = {one["name"] for one in inputs["orderers"]}
    for index, one in enumerate(inputs["consenters"]):
        if isinstance(one, dict) and isinstance(one["node"], str) and one["node"] not in names:
            reason = f"{one['node']!r} is none of the orderers: {', '.join(sorted(names))}"
            yield CheckFailure(property=f"consenters[{index}].node", reason=reason)


def _bft_consenters(inputs: Mapping[str, Any]) -> Iterator[CheckFailure]:
    """Check that every consenter of a BFT channel has a number and an identity."""
    if inputs["consensus"] != BFT or not isinstance(inputs["consenters"], list):
        return
    for index, one in enumerate(inputs["consenters"]):
        for name in ("id", "mspId", "identity") if isinstance(one, dict) else ():
            if one.get(name) is None:
                reason = "is missing: BFT knows its consenters by it"
                yield CheckFailure(property=f"consenters[{index}].{name}", reason=reason)
