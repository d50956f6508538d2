#!/usr/bin/python
"""What is wrong with an instance, and what deals with it? Makes every check that only reads."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.backup.due import ask_backup_age
from heddle.doctor.stack import stack_findings
from heddle.network.work import read_work, run_of
from heddle.planner.looks import Facts
from heddle.planner.triage import find, report, told
from heddle.runbooks.context import write_report
from heddle.runbooks.modules import Scene, run_module
from heddle.runbooks.triagefacts import look


async def triage(scene: Scene) -> dict[str, Any]:
    """Return the `report` and, as `lines`, the same for people."""
    stack, folder = scene.context.stack, Path(scene.parameters["folder"])
    patience = float(scene.parameters["patience"])
    # Those of doctor run loops of their own.
    facts, more = await asyncio.gather(
        look(scene.context, scene.cluster, scene.connections, patience=patience),
        asyncio.to_thread(_of_the_stack, stack, folder, patience),
    )
    facts = replace(facts, settings=more.settings, backups=more.backups, killed=more.killed)
    findings = find(facts)
    found = report(facts, findings)
    write_report("triage.json", found)
    return {"report": found, "lines": told(facts, findings)}


def _of_the_stack(stack: str, folder: Path, patience: float) -> Facts:
    """Return what the stack's file, its state and its backups tell."""
    backups = ask_backup_age(stack, folder, deadline=patience)
    killed = run_of(read_work(stack, folder).killed)
    return Facts(
        stack=stack,
        settings=tuple(
            (each.what, each.found, each.step) for each in stack_findings(stack, folder) if each.step
        ),
        backups=backups.words if backups and backups.overdue else "",
        killed=killed.words if killed else "",
    )


if __name__ == "__main__":
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "patience": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    run_module(module, triage)
