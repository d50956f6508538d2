"""What a backup says of that which it does not hold."""

from types import SimpleNamespace
from typing import Any

from heddle.backup.create import private_collections
from heddle.network.instance import ChaincodeOutput, DefinitionOutput


def _chaincode(**changes: Any) -> ChaincodeOutput:
    definition: dict[str, Any] = {
        "sequence": 1,
        "endorsement_policy": "",
        "init_required": False,
        "collections": (),
    }
    return ChaincodeOutput(
        **{"name": "assets", "channel": "goods", "version": "1", "package_ids": {}, **definition, **changes}
    )


def test_collections_of_every_channel_are_named_as_left_out() -> None:
    """Who relies on the backup alone would lose them, and is told when it is made."""
    further = DefinitionOutput(
        name="sales", sequence=1, endorsement_policy="", init_required=False, collections=("offers",)
    )
    chaincodes = {
        "assets": _chaincode(collections=("prices",), further={"sales": further}),
        "audit": _chaincode(name="audit"),
    }
    instance: Any = SimpleNamespace(chaincodes=chaincodes)

    assert private_collections(instance) == ["goods/assets/prices", "sales/assets/offers"]
