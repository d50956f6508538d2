"""Decide what of a channel may change while its nodes sleep: nothing that its configuration has to say."""

from collections.abc import Mapping
from typing import Any

from heddle.configtx.renewed import keep_renewed
from heddle.plugin.values import has_unknown
from heddle.provider.channel.gates import assumed
from heddle.provider.channel.settings import SETTINGS, settings_from

__all__ = ["is_renewal"]


def is_renewal(inputs: Mapping[str, Any], olds: Mapping[str, Any]) -> bool:
    """Tell whether new inputs differ from the old ones in renewed certificates alone, if at all.

    Those need no configuration update. Certificates that a preview does not know yet are taken for renewed
    ones: `up` decides when it knows them.
    """
    wanted = assumed(inputs, olds)
    if any(has_unknown(wanted.get(name)) for name in SETTINGS):
        return False
    former = settings_from(olds)
    return keep_renewed(settings_from(wanted), former) == former
