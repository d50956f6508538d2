"""Filters that make Jobs, from a node's StatefulSet or for a machine, and commands in pods."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from heddle.kube.jobs import date_of_name
from heddle.runbooks.asidelook import free_command
from heddle.runbooks.ledgerjobs import aside_job, blocks_aside_job, command_job, folder_aside_job
from heddle.runbooks.nodelogs import place_of, trim_job


def heddle_aside_job(
    statefulset: Mapping[str, Any], runbook: str, date: str, *, private_data_too: bool
) -> dict[str, Any]:
    """Return the Job that sets aside the content of the node's volume, with or without private data."""
    make = aside_job if private_data_too else blocks_aside_job
    return make(statefulset, runbook=runbook, date=date_of_name(date))


def heddle_part_aside_job(
    statefulset: Mapping[str, Any], folder: str, runbook: str, date: str
) -> dict[str, Any]:
    """Return the Job that sets aside a folder of the node's volume, or all of it where none is named."""
    day = date_of_name(date)
    if not folder:
        return aside_job(statefulset, runbook=runbook, date=day)
    return folder_aside_job(statefulset, folder, runbook=runbook, date=day)


def heddle_command_job(
    statefulset: Mapping[str, Any], command: Sequence[str], runbook: str, date: str
) -> dict[str, Any]:
    """Return the Job that runs one command as the stopped node."""
    # `rebuild` of rebuild-dbs: a longest peer's name and the date leave no place for more.
    purpose = command[-1].partition("-")[0]
    return command_job(statefulset, command, runbook=runbook, purpose=purpose, date=date_of_name(date))


def heddle_trim_job(action: Mapping[str, Any], namespace: str, date: str) -> dict[str, Any]:
    """Return the Job that trims the logs of an instance's pods on a machine, as a runbook decided."""
    return trim_job(
        action["about"],
        action["image"],
        action["files"],
        action["emptied"],
        date=date_of_name(date),
        place=place_of(namespace),
    )


def heddle_free_command(action: Mapping[str, Any]) -> str:
    """Return the command, quoted for a shell, that deletes what runbooks set aside in a pod."""
    return shlex.join(free_command(action["files"]))


class FilterModule:
    """Offer the filters under the name that Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "heddle_aside_job": heddle_aside_job,
            "heddle_command_job": heddle_command_job,
            "heddle_free_command": heddle_free_command,
            "heddle_part_aside_job": heddle_part_aside_job,
            "heddle_place_of_jobs": place_of,
            "heddle_trim_job": heddle_trim_job,
        }
