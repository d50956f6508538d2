#!/usr/bin/python
"""Decide what a runbook does about its incident, wait until that is over, or say what needs a person."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.backup.due import ask_backup_age
from heddle.errors import RunbookError
from heddle.planner.responses import RESPONSES, Decision, decide
from heddle.runbooks.closerlook import look_closer
from heddle.runbooks.context import write_report
from heddle.runbooks.loglook import Looked, looking_jobs
from heddle.runbooks.modules import Scene, run_module
from heddle.runbooks.settling import Before, wait_until_over
from heddle.runbooks.triagefacts import look

_ANSWER = 20.0
"""Seconds for each check."""


async def act(scene: Scene) -> dict[str, Any]:
    """Return the decision, as `lines` for people; or, at the later stages, what came of it."""
    given = scene.parameters
    if given["stage"] == "needs":
        needs = "\n".join(f"{number}. {need}" for number, need in enumerate(given["needs"], 1))
        raise RunbookError(f"runbook {given['runbook']} needs you:\n{needs}")
    if given["stage"] == "settle":
        words = await wait_until_over(
            scene.context,
            scene.cluster,
            scene.connections,
            given["runbook"],
            given["about"],
            deleted=given["deleted"],
            patience=given["patience"],
        )
        return {"lines": words}
    return await _decide(scene)


async def _decide(scene: Scene) -> dict[str, Any]:
    given, context = scene.parameters, scene.context
    facts = await look(context, scene.cluster, scene.connections, patience=_ANSWER)
    if given["runbook"] == "restore":
        # It runs a loop of its own.
        backups = await asyncio.to_thread(
            ask_backup_age, context.stack, Path(given["folder"]), deadline=_ANSWER
        )
        facts = replace(facts, backups=backups.words if backups else "")
    looked = _looked(given) if given["looked"] else None
    closer = await look_closer(
        given["runbook"], context, scene.cluster, scene.connections, facts, looked=looked
    )
    decision = decide(given["runbook"], facts, closer, only=given["only"], free=given["free"])
    write_report(f"{given['runbook']}.json", decision.plain())
    if decision.refusal:
        raise RunbookError(decision.refusal, hint="Nothing was changed.")
    if given["runbook"] == "node-logs" and looked is None and decision.findings:
        return await _where(scene, decision)
    response = decision.response
    return {
        "lines": decision.lines,
        "jobs": [],
        "actions": decision.plain()["actions"],
        "needs": list(response.needs),
        "passes": response.passes,
        "about": list(decision.settles),
        "before": Before.of(facts, closer).plain(),
        "empty": not (response.actions or response.passes),
    }


async def _where(scene: Scene, decision: Decision) -> dict[str, Any]:
    """Return the Jobs that have to look before anything can be decided, and where."""
    machines = [each.about for each in decision.findings]
    where = replace(_looked(scene.parameters), machines=tuple(machines))
    jobs = await looking_jobs(scene.cluster, scene.context.network.instance, where)
    lines = [f"{each.about}: {words}" for each in decision.findings for words in (each.words, *each.evidence)]
    return {"lines": lines, "jobs": jobs, "machines": machines}


def _looked(given: Mapping[str, Any]) -> Looked:
    return Looked(machines=tuple(given["looked"]), date=given["date"], image=given["image"])


if __name__ == "__main__":
    module = AnsibleModule(
        argument_spec={
            "runbook": {"choices": sorted(RESPONSES), "required": True},
            "stage": {"choices": ["decide", "settle", "needs"], "default": "decide"},
            "only": {"type": "str", "default": ""},
            "free": {"type": "bool", "default": False},
            "folder": {"type": "path", "default": "."},
            "looked": {"type": "list", "elements": "str", "default": []},
            "date": {"type": "str", "default": ""},
            "image": {"type": "str", "default": ""},
            "about": {"type": "list", "elements": "str", "default": []},
            "deleted": {"type": "list", "elements": "str", "default": []},
            "needs": {"type": "list", "elements": "str", "default": []},
            "patience": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    run_module(module, act)
