"""Talk to running Fabric nodes: orderers, peers, chaincode lifecycle, events, operations.

All of it is asyncio. Every call takes `deadline=` in seconds and ends by then; a call that fails raises
`Unreachable` (nothing is known of the node's state) or `Refused` (the node's own answer).
"""
