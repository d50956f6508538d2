"""Channel configuration: trees, differences, policies, signatures, blocks. Protobuf in and out, no I/O.

Import from the modules: `settings`, `genesis`, `read`, `edit`, `delta`, `envelope`, `blocks`, `policies`,
`validate`.
"""
