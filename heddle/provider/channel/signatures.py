"""Whose consent a configuration update needs, and whether the signers at hand can give it. Pure.

Source: common/configtx/update.go and config.go (Fabric 3.1.5): the policy that governs an element is that
which holds *before* the update; a relative name is looked up in the group that holds the element, and for a
group in the group itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fabric_protos.common import configtx_pb2

from heddle.configtx.policies import Need, missing
from heddle.identity.signer import Signer

__all__ = ["Consent", "consents"]


@dataclass(frozen=True, kw_only=True)
class Consent:
    """A policy that an update must satisfy. `missing` is None when the signers at hand satisfy it."""

    policy: str
    missing: Need | None

    def __str__(self) -> str:
        state = "signed" if self.missing is None else f"MISSING {self.missing}"
        return f"{self.policy}: {state}"


def consents(
    config: configtx_pb2.Config, update: configtx_pb2.ConfigUpdate, signers: Sequence[Signer]
) -> list[Consent]:
    """Every policy that governs what the update changes, each once, in the order of the tree."""
    root = config.channel_group
    paths = dict.fromkeys(_policies(root, update.read_set, update.write_set, "/Channel"))
    return [Consent(policy=path, missing=missing(root, path, signers)) for path in paths]


def _policies(
    current: configtx_pb2.ConfigGroup,
    read: configtx_pb2.ConfigGroup,
    write: configtx_pb2.ConfigGroup,
    path: str,
) -> Iterator[str]:
    if write.version != read.version:
        yield _absolute(current.mod_policy, path)
    for kind in ("policies", "values"):
        now, known, wanted = getattr(current, kind), getattr(read, kind), getattr(write, kind)
        for name in sorted(wanted):
            if name in now and not _untouched(known, name, wanted[name]):
                yield _absolute(now[name].mod_policy, path)
    for name in sorted(write.groups):
        if name in current.groups:
            # A group that the read set lacks is written from the version that it has.
            before = read.groups[name] if name in read.groups else configtx_pb2.ConfigGroup()
            yield from _policies(current.groups[name], before, write.groups[name], f"{path}/{name}")


def _untouched(known: Any, name: str, wanted: Any) -> bool:  # noqa: ANN401 - maps of two message types
    return name in known and known[name].version == wanted.version


def _absolute(mod_policy: str, path: str) -> str:
    return mod_policy if mod_policy.startswith("/") else f"{path}/{mod_policy}"
