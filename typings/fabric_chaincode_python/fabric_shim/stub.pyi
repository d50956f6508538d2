from typing import Any

from fabric_chaincode_python.fabric_shim.handler import Handler

class ChaincodeStub:
    client: Handler
    channel_id: str
    tx_id: str
    # The decoded proposal: "proposal" → "payload" is its ChaincodeProposalPayload.
    signed_proposal_pb: Any
    def get_function_and_parameters(self) -> tuple[str, list[str]]: ...
