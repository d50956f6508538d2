"""Power: whether an instance runs, as `heddle.schema.kubernetes` declares it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from heddle.durations import timestamp
from heddle.errors import HeddleError, ProviderError
from heddle.identity.expiry import not_after
from heddle.kube.clocks import clock_differences
from heddle.kube.workloads import Workloads
from heddle.network.ledgermarks import mark_texts, read_marks
from heddle.planner.power import Kind, Workload, is_asleep
from heddle.planner.remedies import RENEW
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import UNKNOWN, Properties, Value, has_unknown
from heddle.provider.handler import Call, Gone, Handler, Plan, Seen
from heddle.provider.power.nodes import PowerNodes
from heddle.provider.power.scaling import Marks, Scaler
from heddle.schema.kubernetes import POWER
from heddle.text import counted, sentence

__all__ = ["PowerHandler"]

_PATIENCE = 300.0
"""Seconds for each wait of waking: a machine that was off may have to pull images."""
_FABRICS_WINDOW = 900.0
"""Seconds by which Fabric lets clocks differ (peer.authentication.timewindow)."""
_NOTED = 60.0
"""Seconds of difference from which a clock is told of, in a warning."""
_WORDS = {
    Kind.SERVER: "chaincode server",
    Kind.PEER: "peer",
    Kind.DATABASE: "state database",
    Kind.ORDERER: "orderer",
}


class PowerHandler(Handler):
    """Scale an instance down and up. What a run has left half-done, the next one finishes."""

    declaration = POWER
    identifier = "{namespace}/power"

    async def diff(self, call: Call) -> dict[str, DiffKind]:
        """Report workloads that are down although the instance is to run, or up although it is to sleep."""
        try:
            found = await self._workloads(call)
        except HeddleError as error:
            await self.session.warn(f"workloads not looked at\n{error}", call.urn)
            return {}
        self.session.nodes_sleep = bool(_down(found))
        wrong = _up(found) if call.inputs["power"] == "off" else _down(found)
        return {"power": DiffKind.UPDATE} if wrong else {}

    async def plan(self, call: Call) -> Plan:
        """Tell what stops or starts, in which order; refuse what could not end well."""
        found = await self._workloads(call)
        known = {"since": call.old_outputs.get("since", ""), "ledgers": call.old_outputs.get("ledgers", {})}
        if call.inputs["power"] == "off":
            _expect_instance(found)
            up = _up(found)
            if known["since"] and not up:  # something else of it changes, and it sleeps on
                return Plan(outputs=known)
            return Plan(outputs={"since": UNKNOWN, "ledgers": UNKNOWN}, message=_story("stop", up))
        down = _down(found)
        self.session.nodes_sleep = bool(down)
        if not down:
            return Plan(outputs=known)
        await self._expect_wakeable(call)
        since = f"\nasleep since {known['since']}" if known["since"] else ""
        return Plan(outputs={"since": "", "ledgers": {}}, message=_story("start", down) + since)

    async def update(self, call: Call) -> Properties:
        """Scale everything down or up, in order."""
        off = call.inputs["power"] == "off"
        async with Workloads(await self.session.api_server(), call.inputs["namespace"]) as cluster:
            nodes = PowerNodes(connections=self.session.connections, inputs=call.inputs)
            found = nodes.workloads(await cluster.found(), ())
            scaler = Scaler(cluster=cluster, nodes=nodes, patience=call.deadline(_PATIENCE))
            noted = _noted(call.old_outputs)
            if off:
                _expect_instance(found)
                outputs = await self._sleep(call, scaler, noted)
            else:
                outputs = await self._wake(call, scaler, noted, found)
        if scaler.notes:
            await self.session.warn("\n".join(["not all is as it should be", *scaler.notes]), call.urn)
        return outputs

    async def read(self, call: Call) -> Seen:
        """Read whether anything is to run. What somebody else scaled is the other state, if it is whole."""
        found = await self._workloads(call)
        if not found:
            raise Gone
        power = call.inputs["power"]
        if is_asleep(found):
            power = "off"
        elif not _down(found):
            power = "on"
        return Seen(outputs=call.old_outputs and _outputs(call.old_outputs), inputs={"power": power})

    async def _sleep(self, call: Call, scaler: Scaler, noted: Marks) -> Properties:
        marks = await scaler.sleep() or noted
        lines = ["asleep", *_told(marks)]
        await self.session.info("\n".join(lines), call.urn)
        since = call.old_outputs.get("since") or timestamp(datetime.now(UTC))
        ledgers: Properties = {name: dict[str, Value](mark_texts(each)) for name, each in marks.items()}
        return {"since": since, "ledgers": ledgers}

    async def _wake(self, call: Call, scaler: Scaler, noted: Marks, found: list[Workload]) -> Properties:
        if _down(found) or noted:
            await self._expect_wakeable(call)
            proved = await scaler.wake(noted)
            await self.session.info("\n".join(["awake", *_told(proved)]), call.urn)
        self.session.nodes_sleep = False
        return {"since": "", "ledgers": {}}

    async def _workloads(self, call: Call) -> list[Workload]:
        async with Workloads(await self.session.api_server(), call.inputs["namespace"]) as cluster:
            known = _known(call)
            return PowerNodes(connections=self.session.connections, inputs=known).workloads(
                await cluster.found(), ()
            )

    async def _expect_wakeable(self, call: Call) -> None:
        """Raise ProviderError for certificates and clocks with which nodes would refuse each other."""
        _expect_certificates(call.inputs["certificates"])
        await self._expect_clocks(call)

    async def _expect_clocks(self, call: Call) -> None:
        """Raise ProviderError for clocks that differ by more than Fabric allows; warn of less."""
        async with Workloads(await self.session.api_server(), call.inputs["namespace"]) as cluster:
            clocks = await clock_differences(cluster)
        wrong = [_clock(name, ahead) for name, ahead in clocks.items() if abs(ahead) > _FABRICS_WINDOW]
        if wrong:
            listed = "\n  ".join(wrong)
            raise ProviderError(
                f"clocks differ too much from the API server's\n  {listed}",
                hint="Nodes refuse what is signed more than 15 minutes from their own time: set the clocks, "
                "then run it again.",
            )
        if late := [_clock(name, ahead) for name, ahead in clocks.items() if abs(ahead) > _NOTED]:
            await self.session.warn("\n".join(["clocks differ from the API server's", *late]), call.urn)


def _expect_certificates(certificates: Mapping[str, Any]) -> None:
    """Raise ProviderError for certificates of nodes, PEM, that have ended; some may be unknown yet."""
    now = datetime.now(UTC)
    ended = {
        name: not_after(pem.encode())
        for name, pem in certificates.items()
        if isinstance(pem, str) and not has_unknown(pem) and not_after(pem.encode()) <= now
    }
    if ended:
        lines = "\n  ".join(f"{name}: ended on {end:%Y-%m-%d}" for name, end in sorted(ended.items()))
        raise ProviderError(
            f"{counted(len(ended), 'certificate')} of nodes ended while the instance slept\n  {lines}",
            hint=sentence(RENEW),
        )


def _known(call: Call) -> Mapping[str, Any]:
    """Return the inputs with those of before where a preview does not know them yet."""
    return {
        name: call.old_inputs.get(name, value) if has_unknown(value) else value
        for name, value in call.inputs.items()
    }


def _outputs(outputs: Mapping[str, Any]) -> Properties:
    return {name: outputs[name] for name in POWER.outputs}


def _noted(outputs: Mapping[str, Any]) -> Marks:
    return {name: read_marks(each) for name, each in (outputs.get("ledgers") or {}).items()}


def _up(found: list[Workload]) -> list[Workload]:
    return [each for each in found if each.replicas]


def _down(found: list[Workload]) -> list[Workload]:
    return [each for each in found if each.awake and not each.replicas]


def _expect_instance(found: list[Workload]) -> None:
    if not found:
        raise ProviderError(
            "power: off: there is no instance yet that could go to sleep",
            hint="Put `power: on`, make it with `up`, then let it sleep.",
        )


def _story(verb: str, workloads: list[Workload]) -> str:
    """Return what stops or starts, in its order."""
    kinds = sorted(Kind, reverse=verb == "start")
    lines = []
    for kind in kinds:
        names = [each.name for each in workloads if each.kind == kind]
        if names:
            last = ", leaders last" if kind == Kind.ORDERER and verb == "stop" and len(names) > 1 else ""
            verbs = verb if len(names) > 1 else f"{verb}s"
            lines.append(f"{counted(len(names), _WORDS[kind])} {verbs}{last}: {', '.join(names)}")
    head = "the instance goes to sleep: volumes, Secrets and addresses stay"
    if verb == "start":
        head = "the instance wakes: its ledgers must have what they had"
    return "\n".join([head, *lines])


def _told(marks: Marks) -> list[str]:
    """Return by channel how many blocks there are, and how many nodes told so."""
    heights: dict[str, list[int]] = {}
    for each in marks.values():
        for channel, mark in each.items():
            heights.setdefault(channel, []).append(mark.height)
    return [
        f"{channel}: {counted(max(found), 'block')} on {counted(found.count(max(found)), 'node')}"
        + (f", {counted(len(found) - found.count(max(found)), 'node')} behind" if len(set(found)) > 1 else "")
        for channel, found in sorted(heights.items())
    ]


def _clock(name: str, ahead: float) -> str:
    return f"{name}: {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"
