"""Merge settings three ways: what was applied last, what the channel says now, what is wanted."""

from heddle.configtx.flat import flatten, same, shown, subject, unflatten
from heddle.configtx.settings import ChannelSettings
from heddle.errors import ConfigtxError

__all__ = ["merge"]


def merge(
    live: ChannelSettings, wanted: ChannelSettings, previous: ChannelSettings | None
) -> ChannelSettings:
    """Return the settings that the channel should have next.

    What only others changed since `previous` is kept; what only we changed is taken; the same change twice is
    no conflict. Without `previous` the wanted settings are simply right.

    Raises:
        ConfigtxError: both changed one thing in different ways; lists all of them.
    """
    now, target = flatten(live), flatten(wanted)
    if previous is None:
        merged = {key: target[key] for key in {**now, **target} if key in target}
        return unflatten(merged, wanted.channel)
    base = flatten(previous)
    merged, conflicts = {}, []
    for key in {**now, **target, **base}:
        old, is_now, new = base.get(key), now.get(key), target.get(key)
        if same(key, new, is_now) or same(key, new, old):
            value = is_now
        elif same(key, is_now, old):
            value = new
        else:
            conflicts.append(
                f"{subject(key)}: {shown(key, old, is_now)} on the channel, {shown(key, old, new)} here"
            )
            continue
        if value is not None:
            merged[key] = value
    orphans = (key for key in merged if len(key) == 4 and (*key[:2], "msp") not in merged)
    conflicts += [f"{subject(key)}: its organization is gone" for key in orphans]
    if conflicts:
        raise ConfigtxError(
            f"channel {wanted.channel}: others changed it meanwhile, and not as it is wanted here:\n  "
            + "\n  ".join(conflicts),
            hint="Write the channel's value into the stack file, or agree with the others; then try again.",
        )
    return unflatten(merged, wanted.channel)
