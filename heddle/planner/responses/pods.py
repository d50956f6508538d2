"""Decide about pods that do not run: no image, no place, or a chaincode server that ends. Pure."""

import re
from collections.abc import Collection, Iterator
from math import ceil

from heddle.planner.incidents import Cause
from heddle.planner.looks import Facts, PodLook
from heddle.planner.responses.model import Action, Deed, MachineLook, PodDetail, Response, Situation
from heddle.text import counted

__all__ = ["chaincode_not_starting", "ended_again", "image_pull", "pods_pending"]

_NOT_THERE = ("not found", "manifest unknown", "does not exist", "errimageneverpull")
_ENOUGH = 3
"""Restarts after which starting a container once more shows nothing new."""
_NOT_ALLOWED = ("unauthorized", "authentication required", "access denied", "forbidden", "denied")


def image_pull(now: Situation) -> Response:
    """Put back a changed image, try at once one that is there by now, and say of others what is missing."""
    lines: list[str] = []
    actions: list[Action] = []
    needs: list[str] = []
    for pod in _pods_of(now):
        detail, workload = now.detail_of(pod.pod), now.workload_of(pod)
        if detail is None or workload is None:
            continue
        there = [name for name, each in now.closer.machines.items() if detail.image in each.images]
        if workload.declared and workload.image != workload.declared:
            lines.append(f"{pod.owner}: somebody gave it {workload.image}; `up` gave it {workload.declared}")
            actions += put_back(now, pod)
        elif detail.image != workload.image:
            words = f"its pod was made with {detail.image}; a new one takes {workload.image}"
            actions.append(delete(pod, detail, words))
        elif there and not detail.always_pulls:
            words = f"{detail.image} is on {', '.join(there)} by now; it is tried at once"
            actions.append(delete(pod, detail, words))
        else:
            needs.append(_image_needed(now, pod, detail))
    return Response(lines=tuple(lines), actions=tuple(actions), needs=tuple(dict.fromkeys(needs)))


def put_back(now: Situation, pod: PodLook) -> Iterator[Action]:
    """Yield what gives a workload the image that it was declared with: the pod of a node goes, too.

    StatefulSets do not replace their pods by themselves here (OnDelete), Deployments do.
    """
    detail, workload = now.detail_of(pod.pod), now.workload_of(pod)
    if detail is None or workload is None:
        return
    yield Action(
        deed=Deed.SET_IMAGE,
        about=workload.name,
        kind=workload.kind,
        container=workload.container,
        image=workload.declared,
        words=f"{workload.name}: it gets {workload.declared} again",
    )
    if workload.kind == "StatefulSet":
        yield delete(pod, detail, f"a new one takes {workload.declared}")


def delete(pod: PodLook, detail: PodDetail, words: str) -> Action:
    """Return the action that deletes a pod as it was seen."""
    return Action(
        deed=Deed.DELETE_POD,
        about=pod.owner,
        pod=detail.name,
        uid=detail.uid,
        words=f"{pod.pod}: it is deleted: {words}",
    )


def _image_needed(now: Situation, pod: PodLook, detail: PodDetail) -> str:
    said = f"{pod.reason} {pod.message}".lower()
    up = f"`heddle up {now.facts.stack}`"
    if pod.reason == "InvalidImageName":
        return f"{detail.image} is no name of an image: write the right one under `images`, then {up}"
    if any(words in said for words in _NOT_ALLOWED):
        return (
            f"the registry refuses {detail.image}: make a Secret with its credentials, name it under "
            f"`images.pullSecrets`, then {up}"
        )
    if any(words in said for words in _NOT_THERE):
        return (
            f"the registry does not have {detail.image}: push it there, or name one that it has under "
            "`images`, "
            f"then {up}; on a local cluster: `heddle cluster load FILE`, then this runbook again"
        )
    where = f" from {detail.machine}" if detail.machine else ""
    return f"{detail.image} cannot be fetched{where}: does the registry answer there? The cluster tries again"


def chaincode_not_starting(now: Situation) -> Response:
    """Start what was scaled down, put back a changed image, start once more what ends; say why it ended."""
    lines: list[str] = []
    actions: list[Action] = []
    needs: list[str] = []
    for finding in now.findings:
        if finding.cause is Cause.SERVER_MISSING:
            stopped = [name for name in now.facts.scaled_down if name.startswith(f"{finding.about}-")]
            actions += [start(now, name) for name in stopped]
            if not stopped:
                again = f"heddle refresh {now.facts.stack} && heddle up {now.facts.stack}"
                needs.append(f"the servers of {finding.about} are gone: {again}")
    for pod in _pods_of(now):
        found = _server(now, pod)
        lines += found.lines
        actions += found.actions
        needs += found.needs
    return Response(
        lines=tuple(lines), actions=tuple(dict.fromkeys(actions)), needs=tuple(dict.fromkeys(needs))
    )


def _server(now: Situation, pod: PodLook) -> Response:
    """Decide about one pod of a chaincode server."""
    detail, workload = now.detail_of(pod.pod), now.workload_of(pod)
    if detail is None or workload is None:
        return Response()
    lines = tuple(f"{pod.owner}: {line}" for line in detail.log.splitlines()[-3:])
    if workload.declared and workload.image != workload.declared:
        words = f"{pod.owner}: somebody gave it {workload.image}; `up` gave it {workload.declared}"
        return Response(lines=(*lines, words), actions=tuple(put_back(now, pod)))
    if "OOMKilled" in pod.message:
        need = (
            f"{pod.owner} needs more memory than it may use: raise `resources` of chaincode "
            f"{pod.chaincode} in the stack file, then `heddle up {now.facts.stack}`"
        )
        return Response(lines=lines, needs=(need,))
    if pod.reason and detail.changed:
        # Its back-off, up to five minutes, goes on however well it would start by now.
        words = f"{', '.join(detail.changed)} was changed since it ended; a new one starts at once"
        return Response(lines=lines, actions=(delete(pod, detail, words),))
    if pod.restarts >= _ENOUGH:
        return Response(lines=lines, needs=(_ends_always(pod.owner, now.facts.stack),))
    if pod.reason:
        words = "a new one starts at once, not after its back-off"
        return Response(lines=lines, actions=(delete(pod, detail, words),))
    return Response(lines=lines)


def ended_again(facts: Facts, about: Collection[str], deleted: Collection[str]) -> list[str]:
    """Return what needs a person of servers whose new pods end, too: waiting longer shows nothing new.

    about: the servers that a runbook acted on; deleted: the pods that it deleted, which may still end.
    """
    found = [
        pod.owner
        for pod in facts.pods
        if pod.chaincode and pod.owner in about and pod.pod not in deleted
        if pod.restarts >= _ENOUGH and not pod.steady
    ]
    return [_ends_always(owner, facts.stack) for owner in dict.fromkeys(found)]


def _ends_always(owner: str, stack: str) -> str:
    return (
        f"{owner} ends whenever it starts. What somebody changed of it, a Secret too, is put back by: heddle "
        f"refresh {stack} && heddle up {stack}, and this runbook starts it then; if it ends still, its last "
        "words say what its chaincode lacks"
    )


def start(now: Situation, name: str) -> Action:
    """Return the action that scales a workload to 1, as the stack declares it."""
    workload = now.closer.workloads.get(name)
    return Action(
        deed=Deed.START,
        about=name,
        kind=workload.kind if workload else "StatefulSet",
        words=f"{name}: somebody scaled it to 0; it is scaled to 1",
    )


def pods_pending(now: Situation) -> Response:
    """Say what keeps each pod from a machine, in figures of each machine, and what gives it one."""
    lines: list[str] = []
    needs: list[str] = []
    for pod in _pods_of(now):
        detail = now.detail_of(pod.pod)
        lines += [f"{pod.pod}: {line}" for line in (detail.warnings if detail else ())]
        needs += _place_needed(now, pod, " ".join((pod.message, *(detail.warnings if detail else ()))))
    lines += [_figures(each) for each in now.closer.machines.values()]
    return Response(lines=tuple(lines), needs=tuple(dict.fromkeys(needs)))


def _place_needed(now: Situation, pod: PodLook, said: str) -> Iterator[str]:
    stack, words = now.facts.stack, said.lower()
    machines = now.closer.machines.values()
    if found := re.search(r"(secret|configmap) \"([^\"]+)\" not found", words):
        yield f"{found[1]} {found[2]} is gone: heddle refresh {stack} && heddle up {stack}"
        return
    if "persistentvolumeclaim" in words and ("not found" in words or "unbound" in words):
        yield (
            f"the claim of {pod.owner} has no volume: `kubectl describe pvc -n {now.facts.namespace}` "
            "says why; "
            f"if it was lost: heddle refresh {stack} && heddle preview {stack}"
        )
    if "max volume count" in words:
        yield _more_machines(now)
    for each in machines:
        if each.cordoned:
            yield f"{each.name} takes no pods (cordoned): kubectl uncordon {each.name}"
        elif each.taints and "taint" in words:
            yield (
                f"{each.name} has taints {', '.join(each.taints)}: take them off (kubectl taint node "
                f"{each.name} "
                f"KEY-), or tolerate them under `placement` in the stack file"
            )
    if "insufficient" in words:
        yield (
            "no machine has enough left: add one to the cluster, or lower `resources` in the stack file, "
            f"then heddle up {stack}"
        )
    if "affinity" in words and "volume" not in words:
        yield "every machine that is left has a node of this kind already: add a machine to the cluster"
    elif "volume node affinity" in words:
        yield f"the volume of {pod.owner} is on a machine that takes no pods: bring that machine back"


def _more_machines(now: Situation) -> str:
    """Return how many machines are needed for all volumes (bcs.md 10.21: ceil of volumes by the limit)."""
    limits = [each.volume_limit for each in now.closer.machines.values() if each.volume_limit]
    limit = min(limits, default=0)
    waiting = sum(each.reason == "Unschedulable" for each in now.facts.pods)
    mounted = sum(each.volumes for each in now.closer.machines.values())
    if not limit:
        return "every machine mounts as many volumes as it can: add a machine to the cluster"
    wanted = ceil((mounted + waiting) / limit)
    return (
        f"{counted(mounted, 'volume')} and {waiting} more at {limit} a machine need "
        f"{counted(wanted, 'machine')}; "
        f"there are {len(now.closer.machines)}: add {max(1, wanted - len(now.closer.machines))}"
    )


def _figures(each: MachineLook) -> str:
    state = ", takes no pods (cordoned)" if each.cordoned else "" if each.ready else ", not ready"
    volumes = f"{each.volumes} of {each.volume_limit}" if each.volume_limit else str(each.volumes)
    return (
        f"{each.name}: {each.requested_processors:.1f} of {each.processors:.1f} processors and "
        f"{_gibibytes(each.requested_memory)} of {_gibibytes(each.memory)} asked for, {volumes} "
        f"volumes{state}"
    )


def _gibibytes(count: int) -> str:
    return f"{count / 2**30:.1f}Gi"


def _pods_of(now: Situation) -> list[PodLook]:
    """Return the pods that the findings are about, each once."""
    about = {finding.about for finding in now.findings}
    return [each for each in now.facts.pods if each.owner in about and not each.steady]
