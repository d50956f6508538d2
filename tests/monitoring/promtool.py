"""Prometheus' own tool as the judge of rules: what it reads, and when alarms fire."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests import programs

RULES = "rules.yaml"


def promtool(folder: Path, *arguments: str) -> str:
    """Run promtool in a folder; its words are the failure."""
    done = subprocess.run(
        [programs.program("promtool"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_expressions(folder: Path, expressions: list[str]) -> None:
    """Let Prometheus' parser read expressions that stand in no rule."""
    rules = [{"record": f"expression:{number}", "expr": each} for number, each in enumerate(expressions)]
    (folder / RULES).write_text(yaml.safe_dump({"groups": [{"name": "read", "rules": rules}]}))
    promtool(folder, "check", "rules", RULES)


def run_tests(folder: Path, rules: str, tests: dict[str, list[dict[str, Any]]]) -> None:
    """Run cases of `promtool test rules`, by alarm: each with its rule alone, since a case evaluates all."""
    known = {rule["alert"]: rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]}
    for name, cases in tests.items():
        alone = {"groups": [{"name": name, "rules": [known[name]]}]}
        (folder / f"{name}.rules.yaml").write_text(yaml.safe_dump(alone))
        content = {"rule_files": [f"{name}.rules.yaml"], "evaluation_interval": "15s", "tests": cases}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False, width=1000))
    promtool(folder, "test", "rules", *(f"{name}.yaml" for name in tests))
