"""Run a playbook by ansible-runner: with an inventory, private files, and its events while it goes on.

However a run ends, its Jobs go; those of a run that was killed go with the next one.
"""

import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heddle.errors import RunbookError
from heddle.kube.kubeconfig import KubeconfigError, impersonation, proxy_url, server
from heddle.kube.proxies import proxy_credentials, proxy_for
from heddle.processes import is_running
from heddle.runbooks.catalog import PLAYBOOKS, Runbook
from heddle.runbooks.child import CHILD
from heddle.runbooks.context import VARIABLE, Context, save_context, write_private
from heddle.runbooks.interruption import Interruption, end_processes
from heddle.runbooks.inventory import inventory_of
from heddle.runbooks.sweeping import remove_jobs

__all__ = ["Run", "run"]

_PREFIX = "heddle-runbook-"
_PID = re.compile("[0-9]{1,9}")
_LOOKS = 1
"""Seconds between two looks at whether somebody interrupted the run."""

Event = Mapping[str, Any]
"""An event of ansible-runner: `event` and `event_data`."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A runbook with what it acts on.

    `folder`: of the stack's Pulumi.yaml. `check`: look and show the plan, change nothing. `artifacts`: a
    folder that keeps Ansible's own record of the run; None = it is not kept.
    """

    runbook: Runbook
    context: Context
    folder: Path
    variables: Mapping[str, str]
    check: bool
    artifacts: Path | None = None


def run(what: Run, sink: Callable[[Event], bool]) -> bool:
    """Run a runbook to its end and return whether it succeeded. `sink` says whether an event is to be kept.

    Raises:
        RunbookError: the variables name a host that the network does not have, Ansible is not installed, or
            somebody interrupted the run.
    """
    if what.check or what.runbook.reads_only:
        return _run(what, sink)
    remove_jobs(what.context, what.runbook.name)
    try:
        return _run(what, sink)
    finally:
        remove_jobs(what.context, what.runbook.name)


def _run(what: Run, sink: Callable[[Event], bool]) -> bool:
    context = what.context
    instance = context.deployed.instance if context.deployed else None
    inventory = inventory_of(context.stack, instance, folder=what.folder, python=sys.executable)
    limit = _limit(what, inventory)
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as scratch:
        folder = Path(scratch)
        write_private(folder / "kubeconfig", context.kubeconfig)
        save_context(folder / "context.json", context)
        write_private(folder / "inventory.json", json.dumps(inventory))
        try:
            return _ansible(what, folder, limit, sink)
        finally:
            if what.artifacts is not None and (folder / "artifacts").is_dir():
                _keep(folder / "artifacts", what.artifacts)


def _keep(record: Path, to: Path) -> None:
    """Copy a record, but for the file `command`: it has the environment, with the state's passphrase."""
    shutil.copytree(record, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns("command"))


def _sweep() -> None:
    """Remove what killed runs of this user left: it holds keys.

    Everybody can make names in the temporary folder: links, and what others own or remove just now, are
    passed over.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            status = folder.lstat()
        except OSError:
            continue
        mine = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
        if mine and _PID.fullmatch(pid) and not is_running(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _limit(what: Run, inventory: Mapping[str, Any]) -> str:
    """Return the hosts to act on: the one that a variable names, else the playbook's own group."""
    group = what.runbook.group
    hosts = sorted(inventory["all"]["children"].get(group, {}).get("hosts", {}))
    named = what.runbook.chosen_hosts(what.variables)
    for variable, host in named.items():
        if host not in hosts:
            raise RunbookError(
                f"stack {what.context.stack!r} has no {variable} {host!r}",
                hint=f"It has: {', '.join(hosts) or 'none'}.",
            )
    return next(iter(named.values()), group)


def _ansible(what: Run, folder: Path, limit: str, sink: Callable[[Event], bool]) -> bool:
    try:
        # Loaded here: Heddle without runbooks does not have it, which has an answer of its own.
        from ansible_runner import Runner, RunnerConfig
    except ImportError as error:
        raise RunbookError(
            "Ansible is not installed", hint="pip install 'heddle[runbooks]', or `make` once more."
        ) from error
    config = RunnerConfig(
        private_data_dir=str(folder),
        playbook=str(what.runbook.path),
        inventory=str(folder / "inventory.json"),
        limit=limit,
        extravars=what.runbook.values(what.variables),
        envvars=_environment(folder),
        cmdline="--check" if what.check else None,
        quiet=True,
        suppress_env_files=True,
    )
    config.prepare()
    # It must not go on when this process, and with it the stack's lock, is gone.
    config.command = [*CHILD, *config.command]
    config.pexpect_timeout = _LOOKS
    with Interruption() as interruption:
        runner = Runner(config, event_handler=sink, cancel_callback=interruption.asked)
        runner.run()
    if interruption.asked():
        end_processes(VARIABLE, str(folder / "context.json"))
        raise RunbookError(
            f"runbook {what.runbook.name} was interrupted",
            hint="Run the same command again: it looks first, and goes on from what it finds.",
        )
    return bool(runner.status == "successful")


def _environment(folder: Path) -> dict[str, str]:
    return {
        VARIABLE: str(folder / "context.json"),
        "ANSIBLE_CONFIG": str(PLAYBOOKS.parent / "ansible.cfg"),
        "K8S_AUTH_KUBECONFIG": str(folder / "kubeconfig"),
        **_proxy((folder / "kubeconfig").read_text()),
        **_impersonation((folder / "kubeconfig").read_text()),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible/tmp"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible/remote"),
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def _proxy(kubeconfig: str) -> dict[str, str]:
    """Return what leads kubernetes.core through the proxy that every other call goes through, or past all."""
    try:
        proxy = proxy_for(server(kubeconfig), proxy_url(kubeconfig))
    except KubeconfigError:
        return {}  # the first module that needs the cluster says what is wrong with it
    if not proxy:
        return {"K8S_AUTH_NO_PROXY": "*"}
    credentials = proxy_credentials(proxy)
    return {
        "K8S_AUTH_PROXY": proxy,
        "K8S_AUTH_NO_PROXY": "nothing.invalid",
        **({"K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH": credentials} if credentials else {}),
    }


def _impersonation(kubeconfig: str) -> dict[str, str]:
    """Return what lets kubernetes.core act as the kubeconfig says. Raises RunbookError for what it cannot."""
    try:
        wanted = impersonation(kubeconfig)
    except KubeconfigError:
        return {}  # as above
    if wanted.uid or wanted.extra or any("," in group for group in wanted.groups):
        raise RunbookError(
            "the kubeconfig's user has as-uid, as-user-extra or an as-groups with a comma: "
            "Ansible's modules for Kubernetes cannot send these",
            hint="Run it with a kubeconfig whose user has `as` and `as-groups` alone.",
        )
    groups = {"K8S_AUTH_IMPERSONATE_GROUPS": ",".join(wanted.groups)} if wanted.groups else {}
    return {"K8S_AUTH_IMPERSONATE_USER": wanted.user, **groups} if wanted.user else {}
