"""Write the preview of a channel: a summary, then every step, and whose signatures it needs."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from heddle.configtx.settings import BFT, ChannelSettings
from heddle.network.drift import changed_since
from heddle.planner.consenters import Outlook
from heddle.planner.releases import CapabilityWait
from heddle.planner.steps import Kind
from heddle.plugin.values import has_unknown
from heddle.provider.channel.client import ChannelClient, LiveConfig
from heddle.provider.channel.gates import Ahead
from heddle.provider.channel.prepared import Prepared, prepare_all
from heddle.provider.channel.settings import SETTINGS, settings_from
from heddle.quantities import show_size
from heddle.quorum import fault_tolerance, quorum
from heddle.text import counted, some

__all__ = ["plan_create", "plan_unknown", "plan_update", "tell_drift"]


def plan_create(inputs: Mapping[str, Any]) -> str:
    """Describe a new channel. Inputs may hold UNKNOWN."""
    unknown = [name for name in SETTINGS if has_unknown(inputs.get(name))]
    counts = {
        "consenter": inputs["consenters"],
        "orderer organization": inputs["ordererOrganizations"],
        "peer organization": inputs["peerOrganizations"],
    }
    shown = [_count(what, items) for what, items in counts.items()]
    lines = [f"new channel {inputs['channel']}: {', '.join(shown)}"]
    for what, items in counts.items():
        lines += [f"{what}: {_name(item)}" for item in items] if isinstance(items, list) else []
    if unknown:
        lines.append(f"known after apply, at least in part: {', '.join(unknown)}")
    else:
        lines += _settings_lines(settings_from(inputs))
    lines.append("block 0 is made once, its hash is known after apply; nobody needs to sign")
    return "\n".join(lines)


def plan_unknown(inputs: Mapping[str, Any], olds: Mapping[str, Any], ahead: Ahead | None = None) -> str:
    """Describe an update that cannot be computed yet: what changes against the last inputs.

    `ahead` are its steps, where only certificates are not known yet.
    """
    unknown = [name for name, value in inputs.items() if has_unknown(value)]
    steps = ahead.steps if ahead is not None else ()
    changes = [
        *_coming_and_going("orderer organization", olds, inputs, "ordererOrganizations", "name"),
        *_coming_and_going("peer organization", olds, inputs, "peerOrganizations", "name"),
        *_coming_and_going("consenter", olds, inputs, "consenters", "node"),
        *_options(olds, inputs),
    ]
    # Where certificates are all that is not known, what the steps change says more of it.
    told = changes or [change for each in steps for change in each.step.changes] or ["configuration update"]
    changes += _renewed(olds, inputs)
    if not steps:
        told = changes or told
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    head = f"channel {inputs['channel']}: {told[0]}{more}, known after apply"
    lines = [head, *(f"  {line}" for line in changes)]
    waits = iter(ahead.waits if ahead is not None else ())
    for number, each in enumerate(steps, 1):
        lines += _step(number, len(steps), each)
        lines += _waiting(each, waits)
    lines += _restarts(ahead)
    open_ones = "signatures are" if steps else "steps and signatures are"
    lines.append(f"{open_ones} known after apply: they depend on {', '.join(unknown)}")
    return "\n".join([*_refused(ahead), *lines])


def _refused(ahead: Ahead | None) -> Iterator[str]:
    if ahead is not None and ahead.refusal is not None:
        yield f"WILL BE REFUSED: {ahead.refusal.reason}\n  {ahead.refusal.hint}"


def _step(number: int, count: int, ahead: Outlook, prepared: Prepared | None = None) -> Iterator[str]:
    """Yield the lines of a step: its kind, its changes, and what it leaves of the consenters.

    `prepared` is the step as an update, which shows every element; None while it cannot be computed.
    """
    yield f"update {number} of {count}: {ahead.step.kind.value}"
    if prepared is not None:
        yield from (f"  {line}" for line in prepared.review.weaker)
    yield from (f"  {change}" for change in ahead.step.changes)
    if prepared is not None:
        yield from (f"  {line}" for element in prepared.review.changes for line in element.text())
    if ahead.step.kind not in (Kind.SETTINGS, Kind.CAPABILITY):
        yield f"  leaves {ahead.left}"


def _waiting(ahead: Outlook, waits: Iterator[CapabilityWait]) -> Iterator[str]:
    """Yield what a capability waits for, and that there is no way back; waits are in the order of steps."""
    if ahead.step.kind is Kind.CAPABILITY:
        yield f"  {next(waits)}".replace("\n", "\n  ")
        yield "  a point of no return: it is never lowered, and earlier releases do not start any more"


def _restarts(ahead: Ahead | None) -> Iterator[str]:
    """Yield which nodes restart afterwards, and why."""
    if ahead is not None and (nodes := ahead.restarting):
        what = "nodes restart, one at a time" if len(nodes) > 1 else "node restarts"
        why = "until they start anew they know the orderers that there were when they started"
        yield f"then {len(nodes)} {what} ({some(nodes)}): {why}"


def _coming_and_going(
    what: str, olds: Mapping[str, Any], news: Mapping[str, Any], part: str, key: str
) -> Iterator[str]:
    """Yield the names that join or leave a list; a name that is unknown yet is named so."""
    old, new = olds.get(part), news.get(part)
    if not isinstance(old, list) or not isinstance(new, list):
        return
    before, after = (
        [str(one[key]) if isinstance(one, dict) and isinstance(one[key], str) else "?" for one in each]
        for each in (old, new)
    )
    yield from (f"{what} {name}: added" for name in after if name not in before)
    yield from (f"{what} {name}: removed" for name in before if name not in after)


def _renewed(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[str]:
    """Yield in one line the consenters that stay and get another certificate, which is not made yet."""
    old, new = olds.get("consenters"), news.get("consenters")
    if not isinstance(old, list) or not isinstance(new, list):
        return
    before = {one["node"] for one in old}
    nodes = [
        one["node"] for one in new if isinstance(one, dict) and one["node"] in before and has_unknown(one)
    ]
    if len(nodes) == 1:
        yield f"consenter {nodes[0]}: new certificate (an update only for a new key, or another authority)"
    elif nodes:
        names = ", ".join(nodes)
        yield f"consenters {names}: new certificates (an update only for new keys, or another authority)"


def _options(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[str]:
    for part in ("batch", "raft", "bft", "capabilities"):
        old, new = olds.get(part) or {}, news.get(part) or {}
        for name in new if isinstance(new, dict) else ():
            if new[name] != old.get(name) and not has_unknown(new[name]):
                yield f"{part} {name}: {old.get(name, 'default')} → {new[name]}"


def plan_update(client: ChannelClient, ahead: Ahead) -> str:
    """Describe the steps from the live configuration to the wanted one, and whose signatures they need."""
    head = f"channel {client.channel}, configuration {ahead.live.sequence}"
    joins = [f"join the orderer {name}" for name in ahead.joining]
    todo = [each.step for each in ahead.steps]
    if not todo and not joins:
        return "\n".join([*_refused(ahead), f"{head}: nothing to change on the ledger"])
    changes = [change for step in todo for change in step.changes]
    summary = joins[0] if not changes else changes[0]
    more = len(changes) + len(joins) - 1
    prepared = prepare_all(client, ahead.live, todo)
    unsigned = "SIGNATURES MISSING, " if any(one.missing for one in prepared) else ""
    lines = [f"{head}: {unsigned}{summary}{f', and {more} more' if more else ''}", *joins]
    waits = iter(ahead.waits)
    for number, (each, one) in enumerate(zip(ahead.steps, prepared, strict=True), 1):
        lines += _step(number, len(todo), each, one)
        lines += _waiting(each, waits)
        lines += [f"  signatures {consent}" for consent in one.consents]
    lines += _restarts(ahead)
    if unsigned:
        lines.append("the update will stop there and leave a request: `heddle channel request`")
    return "\n".join([*_refused(ahead), *lines])


def tell_drift(channel: str, live: LiveConfig, base: ChannelSettings, without: Collection[str]) -> str:
    """Describe what others changed since `base` was applied, and which orderers lost the channel."""
    changed = [f"  {line}" for line in changed_since(base, live.settings)]
    lost = [f"  orderer {name}: does not have the channel" for name in sorted(without)]
    if not changed and not lost:
        return ""
    head = f"channel {channel}, configuration {live.sequence}: not as it was applied last"
    steps = ["the next update puts it back; to keep it, declare it"] if changed else []
    steps += ["a consenter must not return without its ledger: the preview says what to do"] if lost else []
    return "\n".join([head, *changed, *lost, *steps])


def _settings_lines(settings: ChannelSettings) -> list[str]:
    batch, capabilities = settings.batch, settings.capabilities
    timeout, consensus = batch.timeout, []
    if settings.consensus == BFT:
        timeout, nodes = settings.bft.request_batch_max_interval, len(settings.consenters)
        needed, spare = quorum(nodes, bft=True), fault_tolerance(nodes, bft=True)
        consensus = [f"consensus: BFT, blocks signed by {needed} of {nodes}, {spare} may fail"]
    return [
        *consensus,
        f"blocks: {timeout} or {batch.max_message_count} messages or {show_size(batch.preferred_max_bytes)}",
        f"capabilities: {capabilities.channel}, {capabilities.orderer}, {capabilities.application}",
    ]


def _count(what: str, items: Any) -> str:  # noqa: ANN401 - a list, or UNKNOWN
    if not isinstance(items, list):
        return f"{what}s known after apply"
    return counted(len(items), what)


def _name(item: Any) -> str:  # noqa: ANN401 - an object, or UNKNOWN
    if not isinstance(item, dict):
        return "known after apply"
    return str(item.get("node") or item.get("name"))
