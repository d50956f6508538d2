"""Deploy and operate Hyperledger Fabric networks on Kubernetes, as code."""

import os

# gRPC's core writes failed handshakes to standard error, beside the answers that Heddle gives. It reads this
# when it is imported, so only here is it early enough.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
