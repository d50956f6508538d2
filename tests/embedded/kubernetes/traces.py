"""What a cluster could leave on a machine, looked for without Heddle's own code."""

import subprocess
from pathlib import Path

from heddle.embedded.kubernetes.layout import Layout


def traces(layout: Layout) -> list[str]:
    """Processes, mounts, namespaces, links, routes, rules, control groups that bear the cluster's names."""
    names = (layout.mark, str(layout.folder), layout.outer_link)
    found = [f"process {line}" for line in _lines("ps", "-e", "-o", "pid,args") if _bears(line, names)]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found += [f"mount {line}" for line in mounts if _bears(line, names)]
    for command in (
        ("ip", "netns", "list"),
        ("ip", "-oneline", "link"),
        ("ip", "route", "show", "table", "all"),
        ("iptables-save",),
    ):
        found += [f"{command[0]}: {line}" for line in _lines(*command) if _bears(line, names)]
    groups = Path("/sys/fs/cgroup").glob(f"**/{layout.mark}")
    return found + [f"control group {group}" for group in groups]


def _lines(*argv: str) -> list[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()


def _bears(line: str, names: tuple[str, ...]) -> bool:
    return any(name in line for name in names)
