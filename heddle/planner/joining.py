"""Decide which orderers may join a channel, and name those that could take the place of a lost one.

A node that has lost its ledger must not vote again under its old identity: another one takes its place.
"""

import re
from collections.abc import Collection, Mapping

from heddle.planner.facts import Answer, Refusal, newest_height

__all__ = ["full_replacement_refusal", "joining_refusal", "replacement"]

_INDEX = re.compile(r"[a-z]+(\d+)(?:-.*)?")
"""A node's name begins with its kind and its index (heddle.topology)."""


def joining_refusal(
    channel: str, answers: Mapping[str, Answer], consenters: Collection[str], sequence: int
) -> Refusal | None:
    """Return why the orderers without the channel must not join it, or None if they may.

    A consenter that comes back with an empty disk under its old identity panics, or breaks what the others
    agreed on with it (Fabric issue #3639). Where all orderers have lost a channel that was in use, joining
    with block 0 would begin another channel.

    Args:
        channel: its name.
        answers: every orderer's answer, by its name.
        consenters: names of the nodes that the channel lists as such.
        sequence: of the configuration that was applied last.
    """
    without = [name for name, answer in answers.items() if answer is None]
    if sequence and len(without) == len(answers):
        return Refusal(
            reason=f"channel {channel}: no orderer has it any more, but its configuration was number "
            f"{sequence}: joining with block 0 would begin another channel than its peers have",
            hint="Restore the orderers' volumes, all from the same backup. To begin another channel instead, "
            "empty the volumes of its peers too, refresh, then update.",
        )
    lost = [name for name in without if name in consenters]
    height = newest_height(answers.values())
    if height > 1 and lost:
        return Refusal(
            reason=f"channel {channel}: {', '.join(lost)}: a consenter without its ledger, while the "
            f"others are at height {height}: with an empty disk it must not join under its old identity",
            hint="Restore its volume. If the volume is lost, give the node up and let a new one take its "
            f"place: {replacement(answers, lost)}; then preview and update.",
        )
    return None


def full_replacement_refusal(
    channel: str, wanted: Collection[str], staying: Collection[str], leaving: Collection[str]
) -> Refusal | None:
    """Return why all orderers of a channel must not be replaced in one go; None if one of them stays.

    New ones learn the channel from those that order it, and until they order themselves somebody has to take
    the updates that make them consenters.

    Args:
        channel: its name.
        wanted: names of the nodes that are to order it.
        staying: those of them that order it already.
        leaving: names of the nodes that order it and are no longer wanted.
    """
    if not (wanted and leaving) or staying:
        return None
    kept = min(leaving)
    indices = {name: _INDEX.fullmatch(name) for name in (kept, *wanted)}
    numbers = sorted(int(match[1]) for match in indices.values() if match)
    edit = f" (`ordering.nodes: {numbers}`)" if len(numbers) == len(indices) else ""
    return Refusal(
        reason=f"channel {channel}: all its orderers ({', '.join(sorted(leaving))}) would be replaced at "
        "once, and none would be left that knows it",
        hint=f"Keep one of them, as {kept}, beside the new ones{edit}: preview and update. Take it out of "
        "the stack file once the new ones order.",
    )


def replacement(names: Collection[str], lost: Collection[str]) -> str:
    """Return the option of the stack file that gives the lost nodes up and names new ones instead.

    Where the names have no index, as those of orderers that no stack file describes, an example.
    """
    matches = {name: _INDEX.fullmatch(name) for name in names}
    known = {name: int(match[1]) for name, match in matches.items() if match is not None}
    if len(known) < len(names):
        return "`ordering.nodes` in the stack file, as [0, 1, 3] where 2 is lost"
    new = [max(known.values()) + number for number in range(1, len(lost) + 1)]
    indices = sorted([*(index for name, index in known.items() if name not in lost), *new])
    return f"`ordering.nodes: {indices}` in the stack file"
