"""Previews tell the ledger's side, under both engines in the same words (DESIGN, decision 9)."""

from collections.abc import Iterator

import pytest

from tests.contract.standins import prepared_standins
from tests.programs import path_of
from tests.provider.previews.cases import CASES, PHASES, Case
from tests.provider.previews.cluster import ReadyCluster
from tests.provider.previews.engines import ENGINES, Project
from tests.provider.previews.others import change_batch
from tests.provider.previews.recorded import expect_recorded, told
from tests.provider.previews.world import Wanted, base
from tests.real.network import RealNetwork


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


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    network = prepared_standins(
        tmp_path_factory.mktemp("previews"), orderers=4, peers={"alpha": 2, "beta": 1, "gamma": 1}
    )
    yield network
    network.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, network: RealNetwork) -> Iterator[World]:
    with ReadyCluster() as cluster, pytest.MonkeyPatch.context() as patched:
        project = Project(tmp_path_factory.mktemp("project") / "project", cluster.kubeconfig)
        for name, value in project.environment.items():
            patched.setenv(name, value)
        if path_of("pulumi"):
            project.initialize()
        yield World(network, project)


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


@ENGINES
@BOTH
async def test_a_preview(world: World, case: Case, official: bool) -> None:
    """What would be done, to what, signed by whom: as recorded, by each engine."""
    about = f"{' '.join((case.change.__doc__ or '').split())} ({case.phase})"
    said = world.project.official() if official else await world.project.preview()
    expect_recorded(case.name, told(said, world.network), about=about)
