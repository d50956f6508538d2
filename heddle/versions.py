"""Pin every version in one place (DESIGN, decision 19). Python packages: requirements.lock; Go: go.mod."""

FABRIC = "3.1.5"
PEER_IMAGE = f"docker.io/hyperledger/fabric-peer:{FABRIC}"
ORDERER_IMAGE = f"docker.io/hyperledger/fabric-orderer:{FABRIC}"
COUCHDB = "3.4.2"
"""The version that upstream tests this release with (release_notes/v3.1.1.md)."""
COUCHDB_IMAGE = f"docker.io/library/couchdb:{COUCHDB}"

PROMETHEUS, ALERTMANAGER = "2.42.0", "0.25.0"
"""Debian 12's, which `heddle image pack --monitoring` packs for clusters that cannot pull. A stack file may
name later ones, which read all that is written for these."""
PROMETHEUS_IMAGE = f"docker.io/prom/prometheus:v{PROMETHEUS}"
ALERTMANAGER_IMAGE = f"docker.io/prom/alertmanager:v{ALERTMANAGER}"

HEDDLE = "0.1.0"
STANDIN_IMAGE = f"localhost/heddle/standin:{HEDDLE}"
"""Stand-in peer and orderer in one image; never under upstream's name (decision 16)."""
SAMPLE_CHAINCODE_IMAGE = f"localhost/heddle/sample-chaincode:{HEDDLE}"

KUBERNETES = "1.34.4"
"""Later kubelets refuse the containerd 1.x that Debian 12 ships, and cgroup v1 by default."""
COREDNS = "1.12.4"
OLDEST_KUBERNETES = (1, 30)
"""The first whose clusters take the `sleep` of a container that is to end (KEP-3960), as chaincode's has."""

PULUMI = "3.272.0"
"""The CLI whose state the embedded engine writes."""
PULUMI_KUBERNETES = "4.28.0"
"""The provider whose inputs, outputs and field manager the embedded engine writes."""
