"""Previews tell the ledger's side, under both engines in the same words (DESIGN, decision 9)."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.standins import prepared_standins
from tests.provider.previews.cases import CASES, PHASES, Case
from tests.provider.previews.cluster import ReadyCluster
from tests.provider.previews.engines import Project, Said
from tests.provider.previews.others import change_batch
from tests.provider.previews.world import Wanted, base, readable
from tests.real.network import RealNetwork

EXPECTED = Path(__file__).parents[2] / "cases/previews"
RECORD = bool(os.environ.get("HEDDLE_RECORD"))


class _Lines(yaml.SafeDumper):
    """Writes texts of several lines line by line."""


_Lines.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


class World:
    """A network, its stack, and how far the phases have come."""

    def __init__(self, network: RealNetwork, project: Project) -> None:
        self.network = network
        self.project = project
        self.base = base(network)
        self.phase = "nothing"

    async def enter(self, phase: str) -> None:
        """Let happen what has not happened yet."""
        while self.phase != phase:
            self.phase = PHASES[PHASES.index(self.phase) + 1]
            if self.phase == "deployed":
                self.network.start()
                self.project.want(self.base.declared())
                await self.project.up()
            elif self.phase == "others":
                await change_batch(self.network, max_message_count=77)
            else:
                self.network.stop()

    def told(self, said: Said) -> dict[str, Any]:
        """As it is recorded."""
        messages = {
            name: [readable(one, self.network) for one in found] for name, found in said.messages.items()
        }
        return {"failed": said.failed, "steps": dict(said.steps), "messages": messages}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealNetwork]:
    network = prepared_standins(
        tmp_path_factory.mktemp("previews"), orderers=4, peers={"alpha": 2, "beta": 1, "gamma": 1}
    )
    yield network  # type: ignore[misc]
    network.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, network: RealNetwork) -> AsyncIterator[World]:
    with ReadyCluster() as cluster, pytest.MonkeyPatch.context() as patched:
        project = Project(tmp_path_factory.mktemp("project") / "project", cluster.kubeconfig)
        for name, value in project.environment.items():
            patched.setenv(name, value)
        if shutil.which("pulumi"):
            project.initialize()
        yield World(network, project)  # type: ignore[misc]


@pytest.fixture
async def case(request: pytest.FixtureRequest, world: World) -> Case:
    """The case, its phase reached and its program written."""
    found: Case = request.param
    await world.enter(found.phase)
    wanted: Wanted = world.base.copy()
    found.change(wanted)
    world.project.want(wanted.declared())
    return found


BOTH = pytest.mark.parametrize("case", CASES, ids=[one.name for one in CASES], indirect=True)


@BOTH
async def test_a_preview(world: World, case: Case) -> None:
    """What would be done, to what, signed by whom: as recorded, by each engine that is here."""
    file = EXPECTED / f"{case.name}.yaml"
    told = world.told(await world.project.preview())
    if RECORD:
        head = f"# {' '.join((case.change.__doc__ or '').split())} ({case.phase})\n"
        file.write_text(
            head + yaml.dump(told, Dumper=_Lines, sort_keys=False, allow_unicode=True, width=10**6)
        )
    _expect(told, yaml.safe_load(file.read_text()))
    if shutil.which("pulumi"):
        _expect(world.told(world.project.official()), yaml.safe_load(file.read_text()))


def _expect(told: dict[str, Any], expected: dict[str, Any]) -> None:
    """What is told is what is expected. A run that fails ends with the first errors, whichever they are."""
    if not expected["failed"]:
        assert told == expected
        return
    assert told["failed"]
    errors = [one for found in told["messages"].values() for one in found if one.startswith("error")]
    assert errors, told
    for name, found in told["messages"].items():
        assert found == expected["messages"][name]
