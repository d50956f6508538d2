"""The probe chaincode on the scene's channel."""

from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from tests.contract.definitions import collection_package
from tests.contract.scene import Scene, cases
from tests.real.steps import define, run_chaincode


async def add_probe(scene: Scene) -> None:
    """Put `probe` and `starter` in force: one package, two definitions."""
    collections = collection_package(cases("collections")).SerializeToString(deterministic=True)
    async with Connections(DirectDialer()) as connections:
        packages = await run_chaincode(connections, scene.network, "probe", module="tests.contract.probe")
        scene.packages = {name: one.package_id for name, one in packages.items()}
        for wanted in (
            Definition(name="probe", version="1", sequence=1, collections=collections),
            Definition(name="starter", version="1", sequence=1, init_required=True),
        ):
            await define(connections, scene.network, wanted, packages)
