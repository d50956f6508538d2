"""Write requests by which others certify an organization's authorities, and the keys that they are for."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from heddle.clientconfig.files import ClientFile
from heddle.clientconfig.folder import Written
from heddle.errors import EngineError
from heddle.identity.intermediate import new_signing_request
from heddle.topology import OrganizationPlan, Topology, authority_generation, authority_name

__all__ = ["WrittenRequests", "write_requests"]

_KINDS = {"ca": "ca", "tlsca": "tlsCa"}
"""Names of an organization's two authorities, with the options of the stack file."""


@dataclass(frozen=True, kw_only=True)
class WrittenRequests:
    """Requests and keys that were written, and the part of a stack file that names what comes back."""

    files: tuple[Written, ...]
    section: str
    """YAML."""


def write_requests(
    topology: Topology, organization: str, generation: int, out: Path, made: Collection[str] = ()
) -> WrittenRequests:
    """Write a request and a key for each of an organization's two authorities.

    Nothing that exists is written over: a request may be with those who certify it, and its key is needed.

    Args:
        topology: what the stack file describes.
        organization: whose authorities they are.
        generation: the generation that they are of.
        out: the folder to write.
        made: common names of the authorities that the state has, whose keys are never replaced.

    Raises EngineError: no such organization here, a generation that is made already, or a file that is there
    already or cannot be written.
    """
    plans = {each.name: each for each in (topology.ordering, *topology.managed)}
    if organization not in plans:
        raise EngineError(
            f"no organization {organization!r} has its authorities here",
            hint=f"There is: {', '.join(plans)}.",
        )
    _expect_new(plans[organization], generation, made)
    stem = f"{organization}-{{}}{f'-{generation}' if generation > 1 else ''}"
    files = dict(_requests(plans[organization], generation, stem))
    if there := [name for name in files if (out / name).exists()]:
        raise EngineError(
            f"{out}: there already: {', '.join(there)}",
            hint="Use those, or choose another folder for --out: a request without its key is of no use.",
        )
    written = tuple(_write(out / name, file) for name, file in files.items())
    return WrittenRequests(files=written, section=_section(organization, generation, out, stem))


def _expect_new(plan: OrganizationPlan, generation: int, made: Collection[str]) -> None:
    newest = max((authority_generation(plan.msp_id, name) for name in made), default=0)
    if generation <= newest:
        raise EngineError(
            f"{plan.name}: generation {newest} of its authorities is made already, and its keys are never "
            "replaced",
            hint=f"Use `--generation {newest + 1}`: it comes beside the one in use, in the three phases of "
            "docs/operations/authorities.md.",
        )


def _requests(plan: OrganizationPlan, generation: int, stem: str) -> Iterator[tuple[str, ClientFile]]:
    for kind in _KINDS:
        name = authority_name(plan.msp_id, kind, generation)
        made = new_signing_request(common_name=name, organization=plan.name)
        yield f"{stem.format(kind)}.csr", ClientFile(content=made.request.decode())
        yield f"{stem.format(kind)}-key.pem", ClientFile(content=made.private_key.decode(), secret=True)


def _write(path: Path, file: ClientFile) -> Written:
    mode = 0o600 if file.secret else 0o644
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as stream:
            stream.write(file.content)
    except OSError as error:
        raise EngineError(
            f"{path} cannot be written: {error.strerror}", hint="Choose another folder for --out."
        ) from error
    return Written(path=path, changed=True, secret=file.secret)


def _section(organization: str, generation: int, out: Path, stem: str) -> str:
    given = {
        option: {
            "certificate": str(out / f"{stem.format(kind)}.pem"),
            "key": str(out / f"{stem.format(kind)}-key.pem"),
        }
        for kind, option in _KINDS.items()
    }
    entry = {"generation": generation, "given": [{"generation": generation, **given}]}
    if generation > 1:
        entry = {"generation": generation, "phase": "trusted", "given": entry["given"]}
    return yaml.safe_dump({"certificates": {"authorities": {organization: entry}}}, sort_keys=False)
