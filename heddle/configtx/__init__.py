"""Make, read, compare and prove channel configurations and blocks. Protobuf in and out, no I/O.

Import from the modules: what is wanted and what is there (`settings`, `read`, `genesis`, `edit`, `merge`,
`delta`), who must agree (`expression`, `policies`, `validate`, `request`, `review`), what orderers check
(`consensus`, `consensus_bft`, `filters`), and blocks (`blocks`, `signatures`, `decode`).
"""
