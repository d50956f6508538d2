"""How the nodes of an end-to-end network come to another release of Fabric."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heddle.embedded.fabric.release import RELEASE
from heddle.releases import read_release, strongest_need
from heddle.versions import FABRIC
from tests.e2e.project import Project

MIRROR = "docker.io/hyperledger/fabric-{}:{}"
KINDS = ("orderer", "peer")


@dataclass(frozen=True, kw_only=True)
class Releases(ABC):
    """Two releases of the nodes of a stack, of which the later is this Heddle's own.

    base: the stack file that networks are made of. earlier: the version of the earlier release.
    pause: seconds that no pause may reach; stand-ins promise nothing here.
    """

    base: str
    earlier: str
    pause: float
    later: str = FABRIC

    @abstractmethod
    def values(self, **versions: str) -> Mapping[str, Any]:
        """Return the parts of a stack file that say which version orderers and peers run."""

    @property
    @abstractmethod
    def broken_peers(self) -> tuple[str, ...]:
        """Return the place in the stack file, and the value, that keeps peers from starting."""

    def earlier_has(self, capabilities: Mapping[str, str]) -> bool:
        """Tell whether orderers of the earlier release have the capabilities of a channel."""
        need, release = strongest_need("orderer", capabilities), read_release(self.earlier)
        return need is None or (release is not None and not release.is_below(need.release))

    def edit(self, stack: Project, *, orderer: str, peer: str) -> None:
        """Say in a stack file which version its nodes run."""
        for key, value in self.values(orderer=orderer, peer=peer).items():
            stack.edit(key, value=value)

    def break_peers(self, stack: Project) -> None:
        """Edit a stack file so that none of its peers starts."""
        *place, value = self.broken_peers
        stack.edit(*place, value=value)


class Images(Releases):
    """Fabric's own nodes, each release an image."""

    def values(self, **versions: str) -> Mapping[str, Any]:
        """Return `images`."""
        return {"images": {kind: MIRROR.format(kind, versions[kind]) for kind in KINDS}}

    @property
    def broken_peers(self) -> tuple[str, ...]:
        """Return an image that has no peer in it."""
        return ("images", "peer", MIRROR.format("orderer", self.later))


class Played(Releases):
    """Stand-ins, of which there is one image: they play the release that their environment names."""

    def values(self, **versions: str) -> Mapping[str, Any]:
        """Return `nodes`."""
        return {"nodes": {kind: {"environment": {RELEASE: f"v{versions[kind]}"}} for kind in KINDS}}

    @property
    def broken_peers(self) -> tuple[str, ...]:
        """Return a setting that no peer can read."""
        return ("nodes", "peer", "environment", "CORE_PEER_AUTHENTICATION_TIMEWINDOW", "never")
